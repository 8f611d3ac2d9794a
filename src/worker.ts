import { runProcess } from "./boot/lifecycle.ts"
import { serve } from "./boot/serve.ts"

// A worker without an API.
await runProcess(serve, { ROLE: "worker" })

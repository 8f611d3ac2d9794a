import { runProcess } from "./boot/lifecycle.ts"
import { serve } from "./boot/serve.ts"

// A worker of its own, beside API processes.
await runProcess(serve, { ROLE: "worker" })

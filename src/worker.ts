import { runProcess } from "./lifecycle.ts"
import { serve } from "./serve.ts"

// A worker of its own, beside API processes.
await runProcess(serve, { ROLE: "worker" })

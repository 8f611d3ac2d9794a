import { runProcess } from "./boot/lifecycle.ts"
import { serve } from "./boot/serve.ts"

await runProcess(serve)

import { runProcess } from "./lifecycle.ts"
import { serve } from "./serve.ts"

await runProcess(serve)

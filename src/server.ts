import "./boot/v8-flags.ts"
import { readFlags } from "./boot/command-line.ts"
import { runProcess } from "./boot/lifecycle.ts"
import { serve } from "./boot/serve.ts"

readFlags(`Usage: npm start
       npm run dev      starts it again whenever a source file changes

Starts the service: API and workers, or one of them with ROLE=api or ROLE=worker. It takes no arguments. Settings come
from the environment or from a file .env, such as

  PORT=3001 npm start

docs/CONFIGURATION.md explains them all, .env.example is the same list to copy.
`)
await runProcess(serve)

import "./boot/v8-flags.ts"
import { readFlags } from "./boot/command-line.ts"
import { runProcess } from "./boot/lifecycle.ts"
import { serve } from "./boot/serve.ts"

readFlags(`Usage: npm run worker

Starts a worker without an API, beside a server with ROLE=api. It takes no arguments; settings come from the environment
or from a file .env (docs/CONFIGURATION.md), and both processes need the same DATABASE_URL and REDIS_URL.
`)
await runProcess(serve, { ROLE: "worker" })

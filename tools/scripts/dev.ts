import { spawn } from "node:child_process"
import { resolve } from "node:path"
import { createServer } from "vite"
import { readEnvFile } from "../../src/config/env-file.ts"
import { readCommandLine } from "../lib/command-line.ts"

const HELP = `Usage: npm run dev

Starts the service, again whenever one of its sources changes, and beside it the web client, which pages in a browser load
again as its sources change. Open the address that is printed for it, which ends with /app/: there the page has no content
policy, and the API's own /app has the client as it is built. Settings are those of npm start; Ctrl-C ends both.

  --help   this text
`

const ROOT = resolve(import.meta.dirname, "../..")

readCommandLine(HELP, {}, () => undefined)
const settings = { ...readEnvFile(".env").variables, ...process.env }
process.env.API_URL = `http://localhost:${settings.PORT || 3000}`
const vite = await createServer({ root: resolve(ROOT, "web"), clearScreen: false })
await vite.listen()
const [address] = vite.resolvedUrls?.local ?? []
const origin = new URL(address as string).origin
process.stdout.write(`\n  Web client, loaded again as it changes  ${address}\n\n`)
const api = spawn(process.execPath, [resolve(ROOT, "bin/run.mjs"), "--watch", "src/server.ts"], {
  // Links and Stripe lead back to the page that is worked on.
  env: { ...process.env, PUBLIC_URL: settings.PUBLIC_URL || origin },
  stdio: "inherit",
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => api.kill(signal))
api.once("exit", async (code) => {
  await vite.close()
  process.exit(code ?? 0)
})

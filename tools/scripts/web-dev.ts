import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import { readCommandLine } from "../lib/command-line.ts"

const HELP = `Usage: npm run web:dev

Serves the web client at http://localhost:5173/app/ and reloads it as its sources change. It passes calls on to the API
at http://localhost:3000, which npm run dev starts in another terminal, or to the one that API_URL names.

  --help   this text
`

readCommandLine(HELP, {}, () => undefined)
const root = resolve(import.meta.dirname, "../..")
const vite = resolve(root, "node_modules/vite/bin/vite.js")
const { status } = spawnSync(process.execPath, [vite, resolve(root, "web")], { cwd: root, stdio: "inherit" })
process.exit(status ?? 1)

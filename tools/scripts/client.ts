import { spawnSync } from "node:child_process"
import { rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { readCommandLine } from "../lib/command-line.ts"

const HELP = `Usage: npm run client:build

Compiles packages/client to packages/client/dist, with declarations: what is published.
`

const ROOT = resolve(import.meta.dirname, "../..")

readCommandLine(HELP, {}, () => undefined)
rmSync(join(ROOT, "packages/client/dist"), { recursive: true, force: true })
const tsc = join(ROOT, "node_modules/typescript/bin/tsc")
const { status } = spawnSync(process.execPath, [tsc, "-p", join(ROOT, "packages/client")], {
  stdio: "inherit",
})
process.exit(status ?? 1)

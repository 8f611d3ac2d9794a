import { spawnSync } from "node:child_process"
import { rmSync } from "node:fs"
import { join, resolve } from "node:path"

const HELP = `Usage: npm run client:build

Compiles packages/client to packages/client/dist, with declarations: what is published.
`

const ROOT = resolve(import.meta.dirname, "../..")

if (process.argv.length > 2) {
  process.stdout.write(HELP)
  process.exit(process.argv[2] === "--help" ? 0 : 2)
}
rmSync(join(ROOT, "packages/client/dist"), { recursive: true, force: true })
const tsc = join(ROOT, "node_modules/typescript/bin/tsc")
const { status } = spawnSync(process.execPath, [tsc, "-p", join(ROOT, "packages/client")], {
  stdio: "inherit",
})
process.exit(status ?? 1)

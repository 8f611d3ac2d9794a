import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import { readCommandLine, readNames } from "../lib/command-line.ts"

const HELP = `Usage: npm run sbom [-- --omit KINDS]

Lists every package of package-lock.json as CycloneDX JSON, by npm itself.

  --omit KINDS   leaves packages out: dev, optional or both, with a comma between
  --help         this text
`

const omitted = readCommandLine(HELP, { omit: { type: "string" } }, ({ omit }) =>
  omit === undefined ? [] : readNames("--omit", omit, ["dev", "optional"]),
)
const args = ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application", "--package-lock-only"]
const { status } = spawnSync("npm", [...args, ...omitted.map((kind) => `--omit=${kind}`)], {
  cwd: resolve(import.meta.dirname, "../.."),
  stdio: "inherit",
  shell: process.platform === "win32",
})
process.exit(status ?? 1)

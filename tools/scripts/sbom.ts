import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"

const HELP = `Usage: npm run --silent sbom [-- --production] > sbom.cdx.json

Writes the software bill of materials, CycloneDX as JSON, made from package-lock.json without a network.

  --production   only what a server runs on, without development dependencies
`

const args = process.argv.slice(2)
if (args.some((arg) => arg !== "--production")) {
  process.stdout.write(HELP)
  process.exit(args.includes("--help") ? 0 : 2)
}
const root = new URL("../../", import.meta.url)
const bom = JSON.parse(runNpm(args.includes("--production") ? ["--omit", "dev"] : []))
// npm calls the project by its folder, which differs from machine to machine.
bom.metadata.component.name = JSON.parse(readFileSync(new URL("package.json", root), "utf8")).name
process.stdout.write(`${JSON.stringify(bom, null, 2)}\n`)

function runNpm(more: string[]): string {
  const what = [
    "sbom",
    "--sbom-format",
    "cyclonedx",
    "--sbom-type",
    "application",
    "--package-lock-only",
    ...more,
  ]
  // Below `npm run` npm says where it is; elsewhere it is on the PATH.
  const npm = process.env.npm_execpath
  const [program, before, shell] = npm
    ? [process.execPath, [npm], false]
    : ["npm", [], process.platform === "win32"]
  const { status, stdout, stderr } = spawnSync(program, [...before, ...what], {
    cwd: root,
    shell,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status === 0) return stdout
  process.stderr.write(stderr || "npm could not be run.\n")
  process.exit(1)
}

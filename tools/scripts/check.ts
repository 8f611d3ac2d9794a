import { spawnSync } from "node:child_process"

const HELP = `Usage: npm run check | lint | types | format

npm run check is what to run before a push, in under five minutes: lint, types and npm test. CI runs
npm run test:system and the quick drill, too.

  lint     format, style, the direction of imports and cycles, and the contract: is everything described, is what is
           generated up to date, is every breaking change in the changelog
  types    the types
  format   writes the format

None of them takes an argument but --help.
`

const ROOT = `${import.meta.dirname}/../..`
const bin = (name: string) => `${ROOT}/node_modules/.bin/${name}`
const script = (name: string) => [process.execPath, `${ROOT}/tools/${name}`]

const lint = [
  [bin("biome"), "check", "--error-on-warnings", "."],
  [...script("contract/openapi.ts"), "--check"],
]
const types = [
  [bin("tsc"), "--noEmit", "--project", "."],
  [bin("tsc"), "--noEmit", "--project", "web"],
  [bin("tsc"), "--noEmit", "--project", "web/src/service-worker"],
]
const steps: Record<string, string[][]> = {
  lint,
  types,
  format: [[bin("biome"), "check", "--write", "."]],
  all: [...lint, ...types, script("scripts/test.ts")],
}

const [what = "all", ...more] = process.argv.slice(2)
if (more.includes("--help") || what === "--help") {
  process.stdout.write(HELP)
  process.exit(0)
}
const chosen = steps[what]
if (!chosen || more.length > 0) {
  process.stderr.write(`${[chosen ? "" : what, ...more].join(" ").trim()} isn't known here.\n\n${HELP}`)
  process.exit(2)
}
for (const [program = "", ...args] of chosen) {
  const { status } = spawnSync(program, args, { stdio: "inherit", shell: process.platform === "win32" })
  if (status !== 0) process.exit(status ?? 1)
}

import { spawnSync } from "node:child_process"

const HELP = `Usage: npm run check

What CI runs but for the quick drill: format and lint (with import direction and cycles, and the contract: is everything described, is what is
generated up to date, is every breaking change in the changelog), types, tests. One of them alone:
npm run lint, npm run types, npm test. \`npm run format\` writes the format.
`

const steps: Record<string, [string, string[]][]> = {
  lint: [
    ["biome", ["check", "--error-on-warnings", "."]],
    ["node", [`${import.meta.dirname}/../contract/openapi.ts`, "--check"]],
  ],
  format: [["biome", ["check", "--write", "."]]],
  types: [["tsc", ["--noEmit", "--project", "."]]],
}
steps.all = [...(steps.lint ?? []), ...(steps.types ?? [])]

const [what = "all"] = process.argv.slice(2)
const chosen = steps[what]
if (!chosen) {
  process.stdout.write(HELP)
  process.exit(what === "--help" ? 0 : 2)
}
for (const [program, args] of chosen)
  run(
    program === "node" ? process.execPath : `${import.meta.dirname}/../../node_modules/.bin/${program}`,
    args,
  )
if (what === "all") run(process.execPath, [`${import.meta.dirname}/test.ts`])

function run(program: string, args: string[]): void {
  const { status } = spawnSync(program, args, { stdio: "inherit", shell: process.platform === "win32" })
  if (status !== 0) process.exit(status ?? 1)
}

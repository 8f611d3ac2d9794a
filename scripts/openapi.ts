import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { describeService } from "../src/routes/docs.routes.ts"
import { rows } from "../src/routes/index.ts"
import { findUnmentioned } from "./contract/history.ts"
import { findGaps } from "./contract/lint.ts"
import { DOCUMENT_FILE, generateOutputs } from "./contract/outputs.ts"

const HELP = `Usage: npm run openapi [-- --check]

Writes what is generated from the declared endpoints: docs/openapi.json, the Postman files in docs/postman
and the types of packages/client.

  --check   write nothing; fail when one of them isn't up to date, when an endpoint lacks a summary or a
            description, or when a breaking change isn't mentioned in CHANGELOG.md under "Unreleased"
  --help    this text
`

const ROOT = resolve(import.meta.dirname, "..")

const [option, ...more] = process.argv.slice(2)
if ((option !== undefined && option !== "--check") || more.length > 0) {
  process.stdout.write(HELP)
  process.exit(option === "--help" ? 0 : 2)
}
const document = describeService(rows)
const outputs = generateOutputs(document)
if (option !== "--check") {
  for (const [file, text] of Object.entries(outputs)) write(file, text)
  process.exit(0)
}
const changelog = readFileSync(join(ROOT, "CHANGELOG.md"), "utf8")
const faults = [
  ...findGaps(document),
  ...Object.entries(outputs).flatMap(([file, text]) =>
    isCurrent(file, text) ? [] : [`${file}: run npm run openapi`],
  ),
  ...findUnmentioned(ROOT, DOCUMENT_FILE, document, changelog).map(
    (change) =>
      `CHANGELOG.md doesn't name this breaking change under Unreleased (as "Breaking: \`…\`"): ${change}`,
  ),
]
for (const fault of faults) process.stderr.write(`${fault}\n`)
process.exit(faults.length > 0 ? 1 : 0)

function write(file: string, text: string): void {
  mkdirSync(dirname(join(ROOT, file)), { recursive: true })
  writeFileSync(join(ROOT, file), text)
  process.stdout.write(`${file}\n`)
}

function isCurrent(file: string, text: string): boolean {
  try {
    return readFileSync(join(ROOT, file), "utf8") === text
  } catch {
    return false
  }
}

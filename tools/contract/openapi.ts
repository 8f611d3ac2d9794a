import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { describeService } from "../../src/routes/docs.routes.ts"
import { rows } from "../../src/routes/index.ts"
import { readCommandLine } from "../lib/command-line.ts"
import { findUnmentioned, GitFailed } from "./history.ts"
import { findGaps } from "./lint.ts"
import { DOCUMENT_FILE, generateOutputs } from "./outputs.ts"

const HELP = `Usage: npm run openapi [-- --check]

Writes what is generated from the declared endpoints: docs/openapi.json, the Postman files in docs/postman
and the types of packages/client.

  --check   write nothing; fail when one of them isn't up to date, when an endpoint lacks a summary or a
            description, or when a breaking change isn't mentioned in CHANGELOG.md under "Unreleased"
  --help    this text

  CHECK_REQUIRE_HISTORY=1   fail where git's history isn't at hand (a shallow clone, an archive), instead of
                            printing that breaking changes weren't looked for
`

const ROOT = resolve(import.meta.dirname, "../..")

const { check } = readCommandLine(HELP, { check: { type: "boolean", default: false } }, (values) => values)
const document = describeService(rows)
const outputs = generateOutputs(document)
if (!check) {
  for (const [file, text] of Object.entries(outputs)) write(file, text)
  process.exit(0)
}
const faults = [
  ...findGaps(document),
  ...Object.entries(outputs).flatMap(([file, text]) =>
    isCurrent(file, text) ? [] : [`${file}: run npm run openapi`],
  ),
  ...compareWithHistory(),
]
for (const fault of faults) process.stderr.write(`${fault}\n`)
process.exit(faults.length > 0 ? 1 : 0)

function compareWithHistory(): string[] {
  const changelog = readFileSync(join(ROOT, "CHANGELOG.md"), "utf8")
  try {
    const { unmentioned, leftOut } = findUnmentioned(ROOT, DOCUMENT_FILE, document, changelog)
    if (leftOut !== null && process.env.CHECK_REQUIRE_HISTORY === "1")
      return [`CHECK_REQUIRE_HISTORY=1, but ${leftOut}.`]
    if (leftOut !== null)
      process.stdout.write(`THE CHECK FOR BREAKING CHANGES OF THE API IS LEFT OUT: ${leftOut}.\n`)
    return unmentioned.map(
      (change) =>
        `CHANGELOG.md doesn't name this breaking change under Unreleased (as "Breaking: \`…\`"): ${change}`,
    )
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error
    return [
      `Breaking changes of the API can't be looked for, as the history can't be read. Mend the repository, or ` +
        `clone it again with its tags. ${error.message}`,
    ]
  }
}

function write(file: string, text: string): void {
  mkdirSync(dirname(join(ROOT, file)), { recursive: true })
  writeFileSync(join(ROOT, file), text)
  process.stdout.write(`${file}\n`)
}

function isCurrent(file: string, text: string): boolean {
  const path = join(ROOT, file)
  return existsSync(path) && readFileSync(path, "utf8") === text
}

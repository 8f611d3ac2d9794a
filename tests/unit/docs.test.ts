import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { Environment } from "../../src/config/environment.ts"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const PAGES = globSync(["*.md", "docs/*.md", "{packages,simulators,tools}/*/*.md"], { cwd: ROOT })

test.each(PAGES)("every link in %s leads to a file and a heading", (page) => {
  const links = [...proseOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
  const broken = links.filter(([, path, anchor]) => {
    const target = path ? join(dirname(page), path) : page
    return !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor))
  })
  expect(broken.map(([link]) => link)).toEqual([])
})

test("every variable is in docs/CONFIGURATION.md and in .env.example, and no other", () => {
  const variables = Object.keys(Environment.shape).toSorted()
  const inTables =
    read("docs/CONFIGURATION.md")
      .match(/^\| `[A-Z][^|]*/gm)
      ?.join() ?? ""
  expect(inTables.match(/\b[A-Z][A-Z_]+\b/g)?.toSorted()).toEqual(variables)
  expect(
    read(".env.example")
      .match(/(?<=^#)[A-Z_]+(?==)/gm)
      ?.toSorted(),
  ).toEqual(variables)
})

test("docs/OPERATIONS.md names every event of the log, and no other", () => {
  const sources = globSync("src/**/*.ts", { cwd: ROOT }).map(read).join("\n")
  const logged = [...sources.matchAll(/\blog\.\w+\(\s*\{\s*event: "(\w+)"/g)].map(([, event]) => event)
  const row = /^\| `event` \| business events: .*$/m.exec(read("docs/OPERATIONS.md"))?.[0] ?? ""
  const named = row.match(/(?<=[:,] `)\w+(?=`)/g)
  expect(named?.toSorted()).toEqual(logged.toSorted())
})

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8")
}

/** A page without its code blocks, whose comments look like headings. */
function proseOf(page: string): string {
  return read(page).replace(/^ *```.*\n[\s\S]*?^ *```$/gm, "")
}

/** The anchors that GitHub gives to a page's headings. */
function anchorsOf(page: string): string[] {
  return [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  )
}

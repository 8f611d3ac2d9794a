import { execFileSync, spawnSync } from "node:child_process"
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { devNull } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { describe, expect, test } from "vitest"
import { z } from "zod"
import { ok } from "../../src/controllers/http.ts"
import { type Endpoint, get } from "../../src/routes/endpoint.ts"
import { describeApi } from "../../src/routes/openapi/document.ts"
import { findUnmentioned, GitFailed } from "../../tools/contract/history.ts"
import { ROOT, testFolder } from "./programs.ts"

const FILE = "openapi.json"
const NOTHING_SAID = "# Changes\n\n## [Unreleased]\n"
const GONE = { unmentioned: ["GET /user/gone: removed"], leftOut: null }
const NOTHING = { unmentioned: [], leftOut: null }
const leftOut = (why: string) => ({ unmentioned: [], leftOut: expect.stringContaining(why) })

const row = (path: string) =>
  get(path, {
    summary: "Do",
    description: "It does.",
    auth: "user",
    reply: { 200: z.object({}) },
    run: () => ok({}),
  })
const document = (...rows: Endpoint[]) => describeApi(rows, "1.0.0")
const before = document(row("/user/kept"), row("/user/gone"))
const now = document(row("/user/kept"))
const find = (root: string, changelog = NOTHING_SAID) => findUnmentioned(root, FILE, now, changelog)

const hasGit = !spawnSync("git", ["--version"]).error

describe.skipIf(!hasGit)("what is compared with the API of now", () => {
  test("is what was committed: an endpoint that is gone must be in the changelog", () => {
    const root = repository(before)
    expect(find(root)).toEqual(GONE)
    commit(root, now)
    expect(find(root)).toEqual(GONE)
    expect(find(root, `${NOTHING_SAID}\n- Breaking: \`GET /user/gone\` is gone.\n`)).toEqual(NOTHING)
  })

  test("goes back to the last release, and no further", () => {
    const root = repository(before)
    git(root, "tag", "v1.9.0")
    commit(root, now)
    expect(find(root)).toEqual(GONE)
    git(root, "tag", "v1.10.0")
    git(root, "tag", "other")
    commit(root, document())
    expect(find(root)).toEqual(NOTHING)
  })

  test("is nothing before the first commit, and nothing where the document is new or was away", () => {
    const root = repository()
    expect(find(root)).toEqual(NOTHING)
    git(root, "commit", "--quiet", "--allow-empty", "--message", "empty")
    expect(find(root)).toEqual(NOTHING)
    commit(root, before)
    git(root, "rm", "--quiet", FILE)
    git(root, "commit", "--quiet", "--message", "without")
    git(root, "tag", "v1.0.0")
    expect(find(root)).toEqual(NOTHING)
  })

  test("is left out, with a notice, in a shallow clone, until it has the rest", () => {
    const root = repository(before, now)
    const clone = shallowCloneOf(root)
    expect(find(clone)).toEqual(leftOut("`git fetch --unshallow --tags`"))
    git(clone, "fetch", "--quiet", "--unshallow", "--tags")
    expect(find(clone)).toEqual(GONE)
  })

  test("must be readable", () => {
    const root = repository(before)
    removeObject(root, `HEAD:${FILE}`)
    commit(root, now)
    expect(() => find(root)).toThrow(GitFailed)
    expect(() => find(root)).toThrow(/^git show \w+:openapi\.json: fatal: /)
    writeFileSync(join(root, ".git/HEAD"), "nonsense\n")
    expect(() => find(root)).toThrow(GitFailed)
  })

  test.skipIf(process.getuid?.() !== 0)("may belong to another user", () => {
    const root = repository(before)
    execFileSync("chown", ["-R", "65534", root])
    expect(spawnSync("git", ["log"], { cwd: root, env: ENVIRONMENT }).status).not.toBe(0)
    expect(find(root)).toEqual(GONE)
  })
})

test("without a repository it is left out, with a notice", () => {
  expect(find(testFolder())).toEqual(leftOut("this is no git clone"))
})

/** What `npm run openapi -- --check` reads. */
const CHECKED = ["CHANGELOG.md", "package.json", "docs", "packages/client/src", "src", "tools"]

test.skipIf(!hasGit)("npm run openapi -- --check acts on it", () => {
  const root = repository()
  for (const name of CHECKED) cpSync(join(ROOT, name), join(root, name), { recursive: true })
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"))
  writeFileSync(join(root, ".git/info/exclude"), "node_modules\n")
  const file = join(root, "docs/openapi.json")
  const current = readFileSync(file, "utf8")
  const earlier = JSON.parse(current)
  earlier.paths["/gone"] = { get: { responses: {} } }
  writeFileSync(file, JSON.stringify(earlier))
  commit(root)
  writeFileSync(file, current)
  const fails = (stderr: RegExp) => ({ status: 1, stdout: "", stderr: expect.stringMatching(stderr) })
  expect(check(root)).toEqual(fails(/^CHANGELOG\.md doesn't name this .*: GET \/gone: removed\n$/))

  commit(root)
  const clone = shallowCloneOf(root)
  symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"))
  const notice = /^THE CHECK FOR BREAKING CHANGES .* IS LEFT OUT: this clone is shallow.*\n$/
  expect(check(clone)).toEqual({ status: 0, stdout: expect.stringMatching(notice), stderr: "" })
  const required = check(clone, { CHECK_REQUIRE_HISTORY: "1" })
  expect(required).toEqual(fails(/^CHECK_REQUIRE_HISTORY=1, but this clone is shallow.*\n$/))

  removeObject(root, "HEAD~:docs/openapi.json")
  expect(check(root)).toEqual(fails(/^Breaking changes .* can't be looked for, .* git show .*: fatal: .*\n$/))
})

/** The same on every machine, whatever its git is set to, and as if no hook of git's had started the tests. */
const ENVIRONMENT = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"))),
  GIT_CONFIG_GLOBAL: devNull,
  GIT_CONFIG_NOSYSTEM: "1",
}
// Nothing that goes on in the background when the folder is removed.
const SETTINGS = ["gc.auto=0", "maintenance.auto=false", "user.name=Ada", "user.email=ada@example.com"]

/** Makes a repository with a commit of each document. */
function repository(...apis: object[]): string {
  const root = testFolder()
  git(root, "init", "--quiet")
  for (const api of apis) commit(root, api)
  return root
}

/** Commits what is there, with the API's document written before where one is given. */
function commit(root: string, api?: object): void {
  if (api) writeFileSync(join(root, FILE), JSON.stringify(api))
  git(root, "add", ".")
  git(root, "commit", "--quiet", "--message", "as it is")
}

function shallowCloneOf(root: string): string {
  const folder = testFolder()
  git(folder, "clone", "--quiet", "--depth", "1", pathToFileURL(root).href, "clone")
  return join(folder, "clone")
}

/** What a broken disk does to a repository. */
function removeObject(root: string, name: string): void {
  const object = git(root, "rev-parse", name).trim()
  rmSync(join(root, ".git/objects", object.slice(0, 2), object.slice(2)))
}

function git(folder: string, ...args: string[]): string {
  const flags = SETTINGS.flatMap((setting) => ["-c", setting])
  return execFileSync("git", [...flags, ...args], { cwd: folder, env: ENVIRONMENT, encoding: "utf8" })
}

function check(project: string, more: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["tools/contract/openapi.ts", "--check"], {
    cwd: project,
    env: { ...ENVIRONMENT, CHECK_REQUIRE_HISTORY: "", ...more },
    encoding: "utf8",
  })
  return { status, stdout, stderr }
}

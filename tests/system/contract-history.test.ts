import { execFileSync, spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { devNull, tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { describe, expect, onTestFinished, test } from "vitest"
import { z } from "zod"
import { ok } from "../../src/controllers/http.ts"
import { type Endpoint, get } from "../../src/routes/endpoint.ts"
import { describeApi } from "../../src/routes/openapi/document.ts"
import { findUnmentioned, GitFailed } from "../../tools/contract/history.ts"

const FILE = "openapi.json"
const NOTHING_SAID = "# Changes\n\n## [Unreleased]\n"
const GONE = { unmentioned: ["GET /user/gone: removed"], leftOut: null }
const NOTHING = { unmentioned: [], leftOut: null }

const row = (path: string) =>
  get(path, {
    summary: "Do",
    description: "It does.",
    auth: "user",
    reply: { 200: z.object({}) },
    run: function run() {
      return ok({})
    },
  })
const document = (...rows: Endpoint[]) => describeApi(rows, "1.0.0")
const before = document(row("/user/kept"), row("/user/gone"))
const now = document(row("/user/kept"))
const find = (root: string, changelog = NOTHING_SAID) => findUnmentioned(root, FILE, now, changelog)

const hasGit = !spawnSync("git", ["--version"]).error

describe.skipIf(!hasGit)("what is compared with the API of now", () => {
  test("is what was committed: an endpoint that is gone must be in the changelog", () => {
    const root = repository()
    commit(root, before)
    expect(find(root)).toEqual(GONE)
    commit(root, now)
    expect(find(root)).toEqual(GONE)
    expect(find(root, `${NOTHING_SAID}\n- Breaking: \`GET /user/gone\` is gone.\n`)).toEqual(NOTHING)
  })

  test("goes back to the last release, and no further", () => {
    const root = repository()
    commit(root, before)
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
    const root = repository()
    commit(root, before)
    commit(root, now)
    const clone = shallowCloneOf(root)
    expect(find(clone)).toEqual({
      unmentioned: [],
      leftOut: expect.stringContaining("`git fetch --unshallow --tags`"),
    })
    git(clone, "fetch", "--quiet", "--unshallow", "--tags")
    expect(find(clone)).toEqual(GONE)
  })

  test("must be readable", () => {
    const root = repository()
    commit(root, before)
    removeObject(root, `HEAD:${FILE}`)
    commit(root, now)
    expect(() => find(root)).toThrow(GitFailed)
    expect(() => find(root)).toThrow(/^git show \w+:openapi\.json: fatal: /)
    writeFileSync(join(root, ".git/HEAD"), "nonsense\n")
    expect(() => find(root)).toThrow(GitFailed)
  })

  test.skipIf(process.getuid?.() !== 0)("may belong to another user", () => {
    const root = repository()
    commit(root, before)
    execFileSync("chown", ["-R", "65534", root])
    expect(spawnSync("git", ["log"], { cwd: root, env: ENVIRONMENT }).status).not.toBe(0)
    expect(find(root)).toEqual(GONE)
  })
})

test("without a repository it is left out, with a notice", () => {
  expect(find(newFolder())).toEqual({
    unmentioned: [],
    leftOut: expect.stringContaining("this is no git clone"),
  })
})

/** What `npm run openapi -- --check` reads. */
const CHECKED = ["CHANGELOG.md", "package.json", "docs", "packages/client/src", "src", "tools"]
const ROOT = resolve(import.meta.dirname, "../..")

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
  expect(check(root)).toEqual({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/^CHANGELOG\.md doesn't name this .*: GET \/gone: removed\n$/),
  })

  commit(root)
  const clone = shallowCloneOf(root)
  symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"))
  expect(check(clone)).toEqual({
    status: 0,
    stdout: expect.stringMatching(
      /^THE CHECK FOR BREAKING CHANGES .* IS LEFT OUT: this clone is shallow.*\n$/,
    ),
    stderr: "",
  })
  expect(check(clone, { CHECK_REQUIRE_HISTORY: "1" })).toEqual({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/^CHECK_REQUIRE_HISTORY=1, but this clone is shallow.*\n$/),
  })

  removeObject(root, "HEAD~:docs/openapi.json")
  expect(check(root)).toEqual({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/^Breaking changes .* can't be looked for, .* git show .*: fatal: .*\n$/),
  })
})

/** The same on every machine, whatever its git is set to, and as if no hook of git's had started the tests. */
const ENVIRONMENT = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"))),
  GIT_CONFIG_GLOBAL: devNull,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.com",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.com",
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "history-"))
  onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }))
  return folder
}

function repository(): string {
  const root = newFolder()
  git(root, "init", "--quiet")
  return root
}

/** Commits what is there, with the API's document written before where one is given. */
function commit(root: string, api?: object): void {
  if (api) writeFileSync(join(root, FILE), JSON.stringify(api))
  git(root, "add", ".")
  git(root, "commit", "--quiet", "--message", "as it is")
}

function shallowCloneOf(root: string): string {
  const folder = newFolder()
  git(folder, "clone", "--quiet", "--depth", "1", pathToFileURL(root).href, "clone")
  return join(folder, "clone")
}

/** What a broken disk does to a repository. */
function removeObject(root: string, name: string): void {
  const object = git(root, "rev-parse", name).trim()
  rmSync(join(root, ".git/objects", object.slice(0, 2), object.slice(2)))
}

function git(folder: string, ...args: string[]): string {
  // Nothing that goes on in the background when the folder is removed.
  return execFileSync("git", ["-c", "gc.auto=0", "-c", "maintenance.auto=false", ...args], {
    cwd: folder,
    env: ENVIRONMENT,
    encoding: "utf8",
  })
}

function check(project: string, more: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["tools/contract/openapi.ts", "--check"], {
    cwd: project,
    env: { ...ENVIRONMENT, CHECK_REQUIRE_HISTORY: "", ...more },
    encoding: "utf8",
  })
  return { status, stdout, stderr }
}

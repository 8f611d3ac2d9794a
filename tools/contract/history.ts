import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { OpenApi } from "../../src/routes/openapi/types.ts"
import { findBreakingChanges } from "./breaking.ts"

/** What the comparison with the past has found. */
export interface Comparison {
  /** Breaking changes that the changelog doesn't mention. */
  unmentioned: string[]
  /** Why the past isn't at hand and nothing was compared, and what to do about it; null where all of it was. */
  leftOut: string | null
}

/** Git is there and doesn't do what it was asked. */
export class GitFailed extends Error {
  constructor(args: string[], why: string) {
    super(`git ${args.join(" ")}: ${why.trim()}`)
    this.name = "GitFailed"
  }
}

/**
 * Breaking changes since the last release that `changelog` doesn't mention under its unreleased heading. What is
 * compared: every version of the document that was committed since the last tag `v*`, with the one of now.
 * @throws {GitFailed} where there is a repository that can't be read
 */
export function findUnmentioned(root: string, file: string, now: OpenApi, changelog: string): Comparison {
  const leftOut = whyNoHistory(root)
  if (leftOut !== null) return { unmentioned: [], leftOut }
  const versions = committedVersions(root, file)
  const changes = new Set(versions.flatMap((version) => findBreakingChanges(version, now)))
  return { unmentioned: [...changes].filter((change) => !isMentioned(change, changelog)), leftOut }
}

/** A mention is a line with the word "breaking" and the endpoint, such as "Breaking: `GET /chatroom` …". */
export function isMentioned(change: string, changelog: string): boolean {
  const endpoint = change.slice(0, change.indexOf(":"))
  const unreleased = /^## \[Unreleased\]$([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(changelog)?.[1] ?? ""
  return unreleased
    .split(/\n(?=- )/)
    .map((entry) => entry.replace(/\s+/g, " "))
    .some((entry) => /breaking/i.test(entry) && entry.includes(`\`${endpoint}\``))
}

function whyNoHistory(root: string): string | null {
  if (!existsSync(join(root, ".git"))) return "this is no git clone; make one, with its tags"
  if (spawnSync("git", ["--version"]).error) return "there is no git on the PATH; install it"
  // Some of the past wouldn't do: without the tag of the last release, older versions would be judged, too.
  if (git(root, "rev-parse", "--is-shallow-repository").trim() === "true")
    return "this clone is shallow; `git fetch --unshallow --tags` gets the rest"
  return null
}

function committedVersions(root: string, file: string): OpenApi[] {
  const isEmpty = git(root, "rev-list", "--all", "--max-count=1") === ""
  if (isEmpty) return []
  const tag = lastRelease(root)
  const log = git(root, "log", "--format=%H", ...(tag ? [`${tag}..HEAD`] : []), "--", file)
  return [...(log.match(/.+/g) ?? []), ...(tag ? [tag] : [])]
    .filter((commit) => git(root, "ls-tree", "--name-only", commit, "--", file) !== "")
    .map((commit) => JSON.parse(git(root, "show", `${commit}:${file}`)) as OpenApi)
}

function lastRelease(root: string): string | null {
  // `describe` fails where there is no tag, as it does where something is broken.
  if (git(root, "tag", "--merged", "HEAD", "--list", "v*") === "") return null
  return git(root, "describe", "--tags", "--abbrev=0", "--match", "v*").trim()
}

/**
 * Also reads a clone that another user owns, such as one mounted into a container: git refuses that lest the
 * clone's settings run code, but code of this clone is what runs here.
 */
function git(root: string, ...args: string[]): string {
  const { error, status, stdout, stderr } = spawnSync("git", ["-c", "safe.directory=*", ...args], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64e6,
  })
  if (error || status !== 0) throw new GitFailed(args, error?.message ?? (stderr || `ended with ${status}`))
  return stdout
}

import { execFileSync } from "node:child_process"
import type { OpenApi } from "../../src/routes/openapi/types.ts"
import { findBreakingChanges } from "./breaking.ts"

/**
 * Breaking changes since the last release that `changelog` doesn't mention under its unreleased heading. What is
 * compared: every version of the document that was committed since the last tag `v*`, with the one of now.
 */
export function findUnmentioned(root: string, file: string, now: OpenApi, changelog: string): string[] {
  const versions = committedVersions(root, file)
  const changes = new Set(versions.flatMap((version) => findBreakingChanges(version, now)))
  return [...changes].filter((change) => !isMentioned(change, changelog))
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

/** Nothing where there is no git, as in a released archive. */
function committedVersions(root: string, file: string): OpenApi[] {
  const tag = git(root, ["describe", "--tags", "--abbrev=0", "--match", "v*"])?.trim()
  const commits =
    git(root, ["log", "--format=%H", ...(tag ? [`${tag}..HEAD`] : []), "--", file])?.split("\n") ?? []
  return [...commits, tag ?? ""]
    .filter((commit) => commit !== "")
    .flatMap((commit) => {
      const text = git(root, ["show", `${commit}:${file}`])
      return text === null ? [] : [JSON.parse(text) as OpenApi]
    })
}

function git(root: string, args: string[]): string | null {
  try {
    return execFileSync("git", args, {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      maxBuffer: 64e6,
    })
  } catch {
    return null
  }
}

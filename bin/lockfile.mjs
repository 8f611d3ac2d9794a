import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"

/**
 * Decides whether node_modules is what the lockfile asks for.
 *
 * Both arguments are the `packages` maps of npm's lockfile format 3: `locked` from package-lock.json,
 * `installed` from node_modules/.package-lock.json, which npm writes last, so an interrupted install has none.
 * Optional packages may be missing (other platforms), but never present at another version.
 *
 * @returns {string | undefined} the reason to install, or undefined when there is none
 */
export function reasonToInstall(locked, installed, { dev }) {
  if (!installed) return "node_modules is missing or incomplete"
  for (const [path, want] of Object.entries(locked)) {
    if (path === "" || want.link) continue
    const have = installed[path]
    if (!have) {
      if (isRequired(want, dev)) return `${nameOf(path)} is missing`
    } else if (isUsed(want, dev) && !isSame(want, have)) {
      return `${nameOf(path)} is at ${have.version}, not ${want.version}`
    }
  }
  return undefined
}

/**
 * The same question about a real folder. Also notices a package folder that was deleted by hand.
 * Without a package-lock.json (a stripped image) there is nothing to compare with, so nothing to install.
 */
export function checkInstalled(root, { dev }) {
  const locked = readPackages(join(root, "package-lock.json"))
  if (!locked) return undefined
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"))
  const reason = reasonToInstall(locked, installed, { dev })
  if (reason) return reason
  const gone = Object.keys(locked).find((path) => installed[path] && !existsSync(join(root, path)))
  return gone && `${nameOf(gone)} is missing`
}

function isRequired(entry, dev) {
  if (entry.optional) return false
  return isUsed(entry, dev)
}

function isUsed(entry, dev) {
  return dev || !(entry.dev || entry.devOptional)
}

function isSame(want, have) {
  if (want.version !== have.version) return false
  return !want.integrity || !have.integrity || want.integrity === have.integrity
}

function nameOf(path) {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages
  } catch {
    return undefined
  }
}

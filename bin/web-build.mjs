import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { takeLock } from "./pid-lock.mjs"

/** What the build is made of. The lockfile stands for the packages. */
const SOURCES = ["web", "packages/client/src", "package-lock.json"]
const LEFT_OUT = new Set(["dist", "node_modules"])

/**
 * Builds the web client into web/dist where its sources have changed since the last build (some 5 ms to know). The API
 * works without it, so a failure is told and goes no further.
 * @param node the Node to build with
 * @returns whether there is a build of these sources
 */
export async function ensureWebBuilt(root, { node }) {
  if (!existsSync(join(root, "web", "index.html"))) return true // an image, which brings what was built
  const hash = hashSources(root)
  if (builtFrom(root) === hash) return true
  if (!existsSync(join(root, "node_modules", "vite"))) {
    say(
      "The web client isn't built: Vite is a development package. `npm run web:build` installs it and builds.",
    )
    return false
  }
  const lock = await takeLock(join(root, "node_modules", ".web-build-lock"), {
    onWait: () => say("Another process is building the web client; waiting for it."),
  }).catch(() => null)
  try {
    return builtFrom(root) === hash || build(root, node, hash)
  } finally {
    lock?.release()
  }
}

function build(root, node, hash) {
  say("Building the web client …")
  const started = Date.now()
  const vite = join(root, "node_modules", "vite", "bin", "vite.js")
  const env = { ...process.env, NODE_ENV: "production" }
  const { status, stderr, stdout } = spawnSync(
    node,
    [vite, "build", join(root, "web"), "--logLevel", "warn"],
    {
      cwd: root,
      env,
      encoding: "utf8",
    },
  )
  if (status !== 0) {
    say(`${stdout ?? ""}${stderr ?? ""}`.trim())
    say("The web client could not be built, so /app is closed. The API works.")
    return false
  }
  writeFileSync(join(root, "web", "dist", ".built-from"), hash)
  say(`The web client is built, in ${((Date.now() - started) / 1000).toFixed(1)} s.`)
  return true
}

function builtFrom(root) {
  try {
    return readFileSync(join(root, "web", "dist", ".built-from"), "utf8")
  } catch {
    return null
  }
}

function hashSources(root) {
  const hash = createHash("sha256")
  for (const source of SOURCES)
    for (const file of filesOf(root, source)) hash.update(`${file}\0`).update(readFileSync(join(root, file)))
  return hash.digest("hex")
}

function filesOf(root, path) {
  if (path.endsWith(".json")) return [path]
  return readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => !LEFT_OUT.has(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const child = `${path}/${entry.name}`
      return entry.isDirectory() ? filesOf(root, child) : [child]
    })
}

function say(line) {
  process.stderr.write(`${line}\n`)
}

import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import * as nodeModule from "node:module"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { ensureInstalled } from "./install.mjs"
import { findPinnedNode } from "./pinned-node.mjs"
import { ensureWebBuilt } from "./web-build.mjs"

const HELP = `Usage: node bin/run.mjs [--watch] ENTRY.ts [arguments…]

Runs a TypeScript entry of this project. Installs the dependencies when they don't match package-lock.json,
and uses the Node version pinned in package.json, whatever Node started it (18 or later), with the same flags.

  --watch   run again when a file under src or simulators changes
  --help    this text

\`npm run help\` lists the scripts of the project.
`

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..")
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"]
/** The oldest major version that runs the TypeScript sources as they are. */
const OLDEST_MAJOR = 24
const WATCHED = ["src", "simulators"]
/** Entries that serve the web client. */
const WITH_WEB = ["src/server.ts"]
/** Set for the Node we start: it must run the entry and not look for another Node. Holds our pid. */
const LAUNCHER_PID = "RUN_LAUNCHER_PID"
const PARENT_CHECK_MS = 500

await main(process.argv.slice(2))

async function main(argv) {
  const launcher = takeLauncherPid()
  if (!launcher && process.env.npm_lifecycle_event) endWithNpm()
  const { entry, args, ...flags } = parse(argv)
  // What is watched takes no arguments. Given some, it runs once, to explain or refuse them.
  const watch = flags.watch && args.length === 0
  const file = resolve(ROOT, entry)
  if (!existsSync(file)) fail(`There is no ${entry} in ${ROOT}.`, 2)
  if (launcher) return runHere(file, args, launcher)
  await ensureInstalled(ROOT, { dev: watch || !entry.startsWith("src/") })
  const node = chooseNode()
  if (WITH_WEB.includes(entry) && args.length === 0) await ensureWebBuilt(ROOT, { node })
  if (watch) return runThere(node, [...watchFlags(), fileURLToPath(import.meta.url), entry, ...args])
  if (node === process.execPath) return runHere(file, args)
  return runThere(node, [...process.execArgv, fileURLToPath(import.meta.url), entry, ...args])
}

function takeLauncherPid() {
  const pid = Number(process.env[LAUNCHER_PID] ?? 0)
  delete process.env[LAUNCHER_PID]
  return pid
}

function parse(argv) {
  const flags = []
  const rest = [...argv]
  while (rest[0]?.startsWith("--")) flags.push(rest.shift())
  if (flags.includes("--help")) {
    process.stdout.write(HELP)
    process.exit(0)
  }
  const unknown = flags.find((flag) => flag !== "--watch")
  if (unknown) fail(`Unknown option ${unknown}.\n\n${HELP}`, 2)
  const [entry, ...args] = rest
  if (!entry) fail(HELP, 2)
  return { watch: flags.includes("--watch"), entry, args }
}

function chooseNode() {
  const pinned = findPinnedNode(ROOT)
  if (pinned && process.version === `v${pinned.version}`) return process.execPath
  if (pinned?.file && !pinned.problem) return pinned.file
  if (isNewEnough()) return process.execPath
  const why = pinned?.problem ?? `no Node is pinned for ${process.platform}-${process.arch} on this system`
  return fail(
    `This project needs Node ${OLDEST_MAJOR}; this is ${process.version}, and ${why}.\n` +
      `Run \`npm ci\` (without --omit=optional), or install Node ${OLDEST_MAJOR}: https://nodejs.org`,
    1,
  )
}

function isNewEnough() {
  return Number(process.versions.node.split(".")[0]) >= OLDEST_MAJOR
}

/** Runs the entry in this process, as if Node had been started with it. */
async function runHere(file, args, launcher) {
  process.argv = [process.execPath, file, ...args]
  if (launcher) endWithParent(launcher)
  nodeModule.enableCompileCache?.(join(ROOT, "node_modules", ".cache", "compile"))
  await import(pathToFileURL(file).href)
  nodeModule.flushCompileCache?.() // otherwise written at exit only, so never when the process is killed
}

/** npm passes a signal on to the shell between it and us, which dies of it and tells us nothing. */
function endWithNpm() {
  const shell = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(timer)
    process.kill(process.pid, "SIGTERM")
  }, PARENT_CHECK_MS)
  timer.unref()
}

/** A launcher that was killed can't forward anything: its child sees the channel close, or the parent change. */
function endWithParent(launcher) {
  if (process.channel) {
    process.once("disconnect", () => process.kill(process.pid, "SIGTERM"))
    process.channel.unref()
    return
  }
  // Under `node --watch` there is no channel, and Node's watcher stands between the launcher and us.
  const watcher = process.ppid
  const timer = setInterval(() => {
    const target = process.ppid !== watcher ? process.pid : isAlive(launcher) ? 0 : watcher
    if (!target) return
    clearInterval(timer)
    process.kill(target, "SIGTERM")
  }, PARENT_CHECK_MS)
  timer.unref()
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function watchFlags() {
  const folders = WATCHED.map((name) => join(ROOT, name)).filter((folder) => existsSync(folder))
  return ["--watch", "--watch-preserve-output", ...folders.map((folder) => `--watch-path=${folder}`)]
}

/** Runs another Node and takes its end as ours: exit code or signal. */
function runThere(node, args) {
  const env = { ...process.env, [LAUNCHER_PID]: String(process.pid) }
  const child = spawn(node, args, { stdio: ["inherit", "inherit", "inherit", "ipc"], env })
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal))
  child.once("error", (error) => fail(`${node} could not be started (${error.code}). Run \`npm ci\`.`, 1))
  child.once("exit", (code, signal) => {
    if (!signal) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function fail(message, code) {
  process.stderr.write(`${message.trimEnd()}\n`)
  process.exit(code)
}

import { spawn } from "node:child_process"
import { basename, join } from "node:path"
import { checkInstalled } from "./lockfile.mjs"
import { takeLock } from "./pid-lock.mjs"

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"]
const STILL_BUSY_MS = 10_000

/**
 * Brings node_modules in line with package-lock.json, when it isn't already (about 5 ms to know).
 * `dev` says whether development packages are needed. Ends the process with npm's exit code on failure.
 */
export async function ensureInstalled(root, { dev }) {
  if (!checkInstalled(root, { dev })) return
  const lock = await takeLockOrExplain(root)
  try {
    const reason = checkInstalled(root, { dev }) // another launcher may have installed while we waited
    if (!reason) return
    const result = await npmCi(root, { reason, dev, lock })
    if (result.code !== 0) giveUp(result, lock)
  } finally {
    lock.release()
  }
}

async function takeLockOrExplain(root) {
  try {
    return await takeLock(join(root, ".install-lock"), {
      onWait: () => say("Another process is installing the dependencies; waiting for it."),
    })
  } catch (error) {
    say(`The dependencies must be installed, but ${root} can't be written (${error.code}).`)
    say("Run `npm ci` there as its owner.")
    process.exit(1)
  }
}

async function npmCi(root, { reason, dev, lock }) {
  const omitDev = process.env.NODE_ENV === "production" && !dev
  const args = [
    "ci",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--loglevel=error",
    omitDev ? "--omit=dev" : "--include=dev",
  ]
  say(`Installing dependencies with \`npm ${args[0]}\`: ${reason}.`)
  const started = Date.now()
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`
  const busy = setInterval(() => say(`Still installing, ${seconds()}.`), STILL_BUSY_MS)
  const result = await runNpm(root, args, (pid) => lock.addPid(pid))
  clearInterval(busy)
  if (result.code === 0) say(`Dependencies installed in ${seconds()}.`)
  return result
}

function runNpm(root, args, onPid) {
  const { command, prefix, shell } = npmCommand()
  return new Promise((resolve) => {
    // Our standard output belongs to the entry, so npm writes to standard error.
    const npm = spawn(command, [...prefix, ...args], { cwd: root, shell, stdio: ["ignore", 2, 2] })
    const forward = (signal) => npm.kill(signal)
    for (const signal of SIGNALS) process.on(signal, forward)
    const done = (result) => {
      for (const signal of SIGNALS) process.off(signal, forward)
      resolve(result)
    }
    npm.once("error", (error) => done({ code: 1, error }))
    npm.once("exit", (code, signal) => done({ code, signal }))
    if (npm.pid) onPid(npm.pid)
  })
}

/** The npm that runs us, on the Node it was started with: ours may lie in the folder npm is about to replace. */
function npmCommand() {
  const script = process.env.npm_execpath
  if (script && basename(script) === "npm-cli.js") {
    return { command: process.env.npm_node_execpath || process.execPath, prefix: [script], shell: false }
  }
  return { command: "npm", prefix: [], shell: process.platform === "win32" }
}

function giveUp({ code, signal, error }, lock) {
  lock.release()
  if (signal) process.kill(process.pid, signal)
  if (error) say(`npm could not be started (${error.code}). Install npm, or run \`npm ci\` by hand.`)
  else if (!signal) {
    say(`\`npm ci\` failed with exit code ${code}; its messages stand above.`)
    say("Without a network, connect once and run `npm ci`: later starts need none.")
  }
  process.exit(code ?? 1)
}

function say(line) {
  process.stderr.write(`${line}\n`)
}

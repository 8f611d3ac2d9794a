import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { setTimeout as sleep } from "node:timers/promises"

const POLL_MS = 200
const BEAT_MS = 2000
/** A holder that didn't beat for this long is gone, also on another host or after its pid was reused. */
const STALE_MS = 30_000

/**
 * Takes the lock file, waiting for a live holder. The lock names every process that still works under it
 * (`addPid`), so an orphaned npm keeps it after its launcher was killed.
 */
export async function takeLock(file, { onWait }) {
  let told = false
  while (!tryCreate(file)) {
    if (removeStale(file)) continue
    if (!told) onWait()
    told = true
    await sleep(POLL_MS)
  }
  const pids = [process.pid]
  const beat = setInterval(() => touch(file), BEAT_MS)
  beat.unref()
  return {
    addPid(pid) {
      pids.push(pid)
      writeFileSync(file, describe(pids))
    },
    release() {
      clearInterval(beat)
      rmSync(file, { force: true })
    },
  }
}

function tryCreate(file) {
  const own = `${file}.${process.pid}`
  writeFileSync(own, describe([process.pid]))
  try {
    linkSync(own, file) // a link appears with its content, a created file is empty at first
    return true
  } catch (error) {
    if (error.code === "EEXIST") return false
    throw error
  } finally {
    rmSync(own, { force: true })
  }
}

function describe(pids) {
  return JSON.stringify({ host: hostname(), pids })
}

function removeStale(file) {
  const seen = read(file)
  if (seen === undefined) return true
  if (!isStale(file, seen)) return false
  const aside = `${file}.stale.${process.pid}`
  try {
    renameSync(file, aside)
  } catch {
    return true
  }
  if (read(aside) !== seen) putBack(aside, file)
  rmSync(aside, { force: true })
  return true
}

/** Another waiter replaced the stale lock between our look and our rename: what we moved is its live one. */
function putBack(aside, file) {
  try {
    linkSync(aside, file)
  } catch {}
}

function isStale(file, content) {
  try {
    if (Date.now() - statSync(file).mtimeMs > STALE_MS) return true
    const { host, pids } = JSON.parse(content)
    return host === hostname() && !pids.some(isAlive)
  } catch {
    return false
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === "EPERM"
  }
}

function read(file) {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return undefined
  }
}

function touch(file) {
  try {
    const now = new Date()
    utimesSync(file, now, now)
  } catch {}
}

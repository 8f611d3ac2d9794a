import { writeSync } from "node:fs"
import { workerData } from "node:worker_threads"

/** Watches the main thread's counter from beside it: an event loop that is blocked can't say so itself. */
const { beats, checkEveryMs, timeoutMs } = workerData as {
  beats: Int32Array
  checkEveryMs: number
  timeoutMs: number
}

let last = -1
let silentChecks = 0

// Checks are counted, not time: after a pause of the whole process, or a jump of the clock, nothing has been missed.
setInterval(() => {
  const now = Atomics.load(beats, 0)
  silentChecks = now === last ? silentChecks + 1 : 0
  last = now
  if (silentChecks * checkEveryMs < timeoutMs) return
  const line = {
    level: "fatal",
    time: new Date().toISOString(),
    timeoutMs,
    msg: "event loop blocked; ending",
  }
  // The logger lives in the thread that is stuck.
  writeSync(2, `${JSON.stringify(line)}\n`)
  // Ending in order needs the event loop. A signal is a failure for every supervisor.
  process.kill(process.pid, "SIGKILL")
}, checkEveryMs)

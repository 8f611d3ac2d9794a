import { writeSync } from "node:fs"
import { workerData } from "node:worker_threads"

/**
 * Watches the main thread's counter from another thread, because a blocked event loop can't report itself. JavaScript,
 * because the compile cache isn't there for threads, and Node's reader of types takes 20 MB.
 * @type {{ beats: Int32Array, checkEveryMs: number, timeoutMs: number }}
 */
const { beats, checkEveryMs, timeoutMs } = workerData

let last = -1
let silentChecks = 0

// Counts checks rather than time: a suspended process or a clock change then looks like nothing was missed.
setInterval(() => {
  const now = Atomics.load(beats, 0)
  silentChecks = now === last ? silentChecks + 1 : 0
  last = now
  if (silentChecks * checkEveryMs < timeoutMs) return
  const line = {
    level: "fatal",
    time: new Date().toISOString(),
    timeoutMs,
    msg: "event loop blocked; killing the process",
  }
  // The logger runs on the blocked thread.
  writeSync(2, `${JSON.stringify(line)}\n`)
  // A graceful stop needs the event loop. Every supervisor treats death by a signal as a failure.
  process.kill(process.pid, "SIGKILL")
}, checkEveryMs)

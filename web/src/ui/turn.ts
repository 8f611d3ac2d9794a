/** Runs what can wait until keys and clicks have had their turn. @returns takes it back */
export function nextTurn(run: () => void): () => void {
  let isWanted = true
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    if (isWanted) run()
  }
  port2.postMessage(null)
  return () => {
    isWanted = false
  }
}

/** Idle time that doesn't come is taken. */
const PATIENCE_MS = 100

/** When nobody has asked for idle time for so long, a page is quiet. */
const QUIET_MS = 1_500

/** A page that never becomes quiet isn't waited for any longer. */
const MOST_QUIET_MS = 30_000

let idleAskedAt = Number.NEGATIVE_INFINITY

/** Runs what nobody waits for when the page has time. @returns takes it back */
export function whenIdle(run: () => void): () => void {
  idleAskedAt = performance.now()
  // Safari has no word for idle time.
  if (!("requestIdleCallback" in window)) {
    const timer = setTimeout(run, 0)
    return () => clearTimeout(timer)
  }
  const waiting = requestIdleCallback(run, { timeout: PATIENCE_MS })
  return () => cancelIdleCallback(waiting)
}

/** Runs what isn't needed now, when nobody has asked for idle time for a while, or after half a minute. */
export function whenQuiet(run: () => void): void {
  const startedAt = performance.now()
  const look = () => {
    const now = performance.now()
    if (now - idleAskedAt < QUIET_MS && now - startedAt < MOST_QUIET_MS) setTimeout(look, QUIET_MS)
    else whenIdle(run)
  }
  setTimeout(look, QUIET_MS)
}

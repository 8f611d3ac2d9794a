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

/** A page that had nothing to do in its idle time for so long has done what it wanted. */
const QUIET_MS = 1_500

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

/** Runs what has all the time in the world, when nobody has asked for idle time for a while. */
export function whenQuiet(run: () => void): void {
  setTimeout(() => {
    if (performance.now() - idleAskedAt < QUIET_MS) whenQuiet(run)
    else whenIdle(run)
  }, QUIET_MS)
}

/** A tick that comes this much too late: the machine was asleep. */
const TICK_MS = 5_000
const ASLEEP_MS = 20_000

/**
 * Calls `wake` whenever connections may have died without a word: the network is back or another one, the page was
 * frozen, or the machine asleep. @returns ends it
 */
export function onWake(wake: () => void): () => void {
  const ending = new AbortController()
  const { signal } = ending
  addEventListener("online", wake, { signal })
  document.addEventListener("resume", wake, { signal })
  addEventListener("pageshow", ({ persisted }) => persisted && wake(), { signal })
  onOtherNetwork(wake, signal)
  let last = Date.now()
  // A hidden page's timers are late by design.
  let wasHidden = document.hidden
  const timer = setInterval(() => {
    const isLate = Date.now() - last > ASLEEP_MS && !wasHidden && !document.hidden
    last = Date.now()
    wasHidden = document.hidden
    if (isLate) wake()
  }, TICK_MS)
  return () => {
    clearInterval(timer)
    ending.abort()
  }
}

/** Where the browser tells, as on telephones: from one kind of network to another. */
function onOtherNetwork(wake: () => void, signal: AbortSignal): void {
  const { connection } = navigator as Navigator & { connection?: EventTarget & { type?: string } }
  let kind = connection?.type
  const onChange = () => {
    if (connection?.type === kind) return
    kind = connection?.type
    wake()
  }
  connection?.addEventListener("change", onChange, { signal })
}

/** Calls `use` when a person does something in this window. @returns ends it */
export function onUse(use: () => void): () => void {
  const ending = new AbortController()
  for (const kind of ["focus", "click", "keydown"])
    addEventListener(kind, use, { signal: ending.signal, capture: true, passive: true })
  return () => ending.abort()
}

/**
 * Places for the streams of rooms. By HTTP/1.1 a browser has six connections to a server for all of its windows, and the
 * service lets a user have six streams: with that of the list these leave room for requests, and for another device.
 */
const SLOTS = ["chat.slot.0", "chat.slot.1"]

interface Slot {
  name: string
  /** Aborts when another window has taken the place. */
  lost: AbortSignal
  release(): void
}

export interface SlotUse {
  signal: AbortSignal
  /** Has an event `use` when a person does something in a window that shows the room. */
  uses: EventTarget
  /** Called when there is no free place. */
  onWaiting(): void
}

/** Every key that is pressed is a use. */
const MARK_MS = 1_000

/**
 * Runs `work` while it has a place: at once where one is free, as soon as one becomes free, or by taking that of the window
 * that was used least recently when this one is used. It runs again each time the place was lost and won back.
 * @returns what `work` does; null when `signal` aborts
 */
export async function inSlot<T>(work: (signal: AbortSignal) => Promise<T>, use: SlotUse): Promise<T | null> {
  while (!use.signal.aborted) {
    const slot = (await takeFree()) ?? (await waitForOne(use))
    if (!slot) return null
    let markedAt = 0
    const mark = () => {
      const now = Date.now()
      if (Math.abs(now - markedAt) < MARK_MS) return
      markedAt = now
      localStorage.setItem(slot.name, String(now))
    }
    mark()
    use.uses.addEventListener("use", mark)
    try {
      const result = await work(AbortSignal.any([use.signal, slot.lost]))
      if (!slot.lost.aborted) return result
    } finally {
      use.uses.removeEventListener("use", mark)
      slot.release()
    }
  }
  return null
}

async function takeFree(): Promise<Slot | null> {
  for (const name of SLOTS) {
    const slot = await take(name, { ifAvailable: true })
    if (slot) return slot
  }
  return null
}

function waitForOne({ signal, uses, onWaiting }: SlotUse): Promise<Slot | null> {
  onWaiting()
  const settled = new AbortController()
  const waiting = AbortSignal.any([signal, settled.signal])
  return new Promise((resolve) => {
    const settle = (slot: Slot | null) => {
      // Both may be won at the same moment.
      if (settled.signal.aborted) return slot?.release()
      settled.abort()
      resolve(slot)
    }
    for (const name of SLOTS) void take(name, { signal: waiting }).then(settle)
    const seize = () => void take(leastRecentlyUsed(), { steal: true }).then(settle)
    uses.addEventListener("use", seize, { signal: waiting, once: true })
  })
}

/** @returns null where it isn't available, or when the wait is over */
function take(name: string, options: LockOptions): Promise<Slot | null> {
  return new Promise((resolve) => {
    const lost = new AbortController()
    const hold = (lock: Lock | null) => {
      if (!lock) return resolve(null)
      const { promise, resolve: release } = Promise.withResolvers<void>()
      resolve({ name, lost: lost.signal, release })
      return promise
    }
    navigator.locks.request(name, options, hold).catch(() => {
      lost.abort()
      resolve(null)
    })
  })
}

function leastRecentlyUsed(): string {
  const usedAt = (name: string) => Number(localStorage.getItem(name) ?? 0)
  return SLOTS.reduce((one, other) => (usedAt(other) < usedAt(one) ? other : one))
}

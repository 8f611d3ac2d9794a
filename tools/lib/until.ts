import { setTimeout as sleep } from "node:timers/promises"
import { createTurnClock, SECOND } from "../../src/utils/time.ts"

const POLL_MS = 10

/**
 * Waits until `holds` gives something true, and returns it.
 * @throws after `timeoutMs`, naming `what`; the signal's reason when it aborts
 */
export async function until<T>(
  what: string,
  holds: () => T | Promise<T>,
  {
    timeoutMs = 30 * SECOND,
    everyMs = POLL_MS,
    signal,
  }: { timeoutMs?: number; everyMs?: number; signal?: AbortSignal } = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    signal?.throwIfAborted()
    const held = await holds()
    if (held) return held
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / SECOND} s in vain until ${what}`)
    await new Promise<void>((resolve) => setTimeout(resolve, everyMs))
  }
}

/** Whether `work` ended within `ms` in which this process could see it. What it throws is thrown. */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const deadline = awakeMs() + ms
  const ended = new AbortController()
  try {
    return await Promise.race([work.then(() => true), passes(deadline, ended.signal)])
  } finally {
    ended.abort()
  }
}

async function passes(deadline: number, signal: AbortSignal): Promise<false> {
  for (;;) {
    const left = deadline - awakeMs()
    if (left <= 0 || signal.aborted) return false
    await sleep(left, undefined, { signal }).catch(() => undefined)
  }
}

const TICK_MS = 50

/** What passes between two looks and is more than a busy loop, or a collection of garbage, takes. */
const MOST_MS = 250

let look: (() => number) | undefined

/**
 * A clock that stands still while the whole process does: what the system gives to others, for a second or five on a
 * busy machine, is not held against what this process was to do in time.
 * @returns milliseconds from some moment on
 */
function awakeMs(): number {
  if (look) return look()
  look = createTurnClock(MOST_MS)
  setInterval(look, TICK_MS).unref()
  return 0
}

/**
 * Batches items that arrive in one turn of the event loop or while earlier runs are in flight, as databases do with
 * commits. A single item doesn't wait; under load one run handles many items.
 */
export interface MicroBatch<T, R> {
  /** @returns the item's result @throws the error of its run, or `BatchBusy` if no run takes it in time */
  add(item: T): Promise<R>
  /** How many items wait for a run. */
  waiting(): number
}

/** No run took the item in time, because those in flight take too long. */
export class BatchBusy extends Error {
  override name = "BatchBusy"
}

export interface BatchOptions<T, R> {
  /** Handles all items. @returns their results in the same order */
  run(items: T[]): Promise<R[]>
  /** Maximum number of items in one run. */
  maxSize: number
  /** Maximum number of concurrent runs. */
  maxRunning: number
  /**
   * Runs beside the first begin only when those in flight take longer than this: without it, as soon as there is an
   * item. Fewer runs are larger.
   */
  spareAfterMs?: number
  /** How long an item may wait for a run, or up to a tenth more. */
  maxWaitMs?: number
  /** Items with the same key are never in the same run. */
  keyOf?(item: T): string
}

interface Waiting<T, R> {
  item: T
  resolve(result: R): void
  reject(error: unknown): void
  /** When it came. */
  since: number
}

export function createMicroBatch<T, R>({
  run,
  maxSize,
  maxRunning,
  spareAfterMs = 0,
  maxWaitMs,
  keyOf,
}: BatchOptions<T, R>): MicroBatch<T, R> {
  let waiting: Waiting<T, R>[] = []
  let running = 0
  let lastRunAt = 0
  let isWatched = false
  let isSpareDue = false

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const { calls, left } = take(waiting, maxSize, keyOf)
      waiting = left
      lastRunAt = performance.now()
      try {
        const results = await run(calls.map(({ item }) => item))
        for (const [n, { resolve }] of calls.entries()) resolve(results[n] as R)
      } catch (error) {
        for (const { reject } of calls) reject(error)
      }
    }
    running--
  }

  const mayRun = (now: number) => running === 0 || (running < maxRunning && now - lastRunAt >= spareAfterMs)

  const begin = (now: number) => {
    running++
    lastRunAt = now
    // Runs after the event loop has read everything that has arrived.
    setImmediate(work)
  }

  /** A run that turns out to be slow is noticed also when nothing more comes. */
  function spare(): void {
    isSpareDue = false
    if (waiting.length === 0) return
    const now = performance.now()
    if (mayRun(now)) begin(now)
    else if (running < maxRunning) awaitSpare(now)
  }

  function awaitSpare(now: number): void {
    if (isSpareDue || running >= maxRunning) return
    isSpareDue = true
    setTimeout(spare, Math.max(1, spareAfterMs - (now - lastRunAt))).unref()
  }

  /** One timer for all, because a timer for each would cost as much as the rest. They are in the order they came. */
  function watch(afterMs: number): void {
    isWatched = true
    setTimeout(giveUp, afterMs).unref()
  }

  function giveUp(): void {
    const oldest = performance.now() - (maxWaitMs as number)
    const late = waiting.filter(({ since }) => since <= oldest)
    if (late.length > 0) waiting = waiting.filter(({ since }) => since > oldest)
    for (const { reject } of late) reject(new BatchBusy())
    isWatched = false
    if (waiting.length > 0) watch((maxWaitMs as number) / 10)
  }

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        const since = performance.now()
        waiting.push({ item, resolve, reject, since })
        if (mayRun(since)) return begin(since)
        awaitSpare(since)
        if (maxWaitMs !== undefined && !isWatched) watch(maxWaitMs)
      }),
    waiting: () => waiting.length,
  }
}

/** Takes the calls of one run. A call that must wait keeps later calls with its key waiting, too. */
function take<T, R>(
  waiting: Waiting<T, R>[],
  maxSize: number,
  keyOf: ((item: T) => string) | undefined,
): { calls: Waiting<T, R>[]; left: Waiting<T, R>[] } {
  if (!keyOf) return { calls: waiting.slice(0, maxSize), left: waiting.slice(maxSize) }
  const calls: Waiting<T, R>[] = []
  const left: Waiting<T, R>[] = []
  const keys = new Set<string>()
  for (const call of waiting) {
    const key = keyOf(call.item)
    const fits = calls.length < maxSize && !keys.has(key)
    keys.add(key)
    if (fits) calls.push(call)
    else left.push(call)
  }
  return { calls, left }
}

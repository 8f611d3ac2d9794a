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
  /** How long an item may wait for a run. */
  maxWaitMs?: number
  /** Items with the same key are never in the same run. */
  keyOf?(item: T): string
}

interface Waiting<T, R> {
  item: T
  resolve(result: R): void
  reject(error: unknown): void
  timer?: NodeJS.Timeout
}

export function createMicroBatch<T, R>({
  run,
  maxSize,
  maxRunning,
  maxWaitMs,
  keyOf,
}: BatchOptions<T, R>): MicroBatch<T, R> {
  let waiting: Waiting<T, R>[] = []
  let running = 0

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const { calls, left } = take(waiting, maxSize, keyOf)
      waiting = left
      for (const { timer } of calls) clearTimeout(timer)
      try {
        const results = await run(calls.map(({ item }) => item))
        for (const [n, { resolve }] of calls.entries()) resolve(results[n] as R)
      } catch (error) {
        for (const { reject } of calls) reject(error)
      }
    }
    running--
  }

  function giveUp(call: Waiting<T, R>): void {
    waiting = waiting.filter((other) => other !== call)
    call.reject(new BatchBusy())
  }

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        const call: Waiting<T, R> = { item, resolve, reject }
        waiting.push(call)
        if (running < maxRunning) {
          running++
          // Runs after the event loop has read everything that has arrived.
          setImmediate(work)
        } else if (maxWaitMs !== undefined) call.timer = setTimeout(giveUp, maxWaitMs, call)
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

/**
 * Runs together what is asked for in one turn of the event loop or while earlier runs are under way, as databases do
 * with commits: a call that comes alone waits for nothing, and under load one run does the work of many.
 */
export interface MicroBatch<T, R> {
  /** @returns what came of `item` @throws what its run threw, or `BatchesBusy` when none has begun it in time */
  add(item: T): Promise<R>
  /** How many items no run has begun. */
  waiting(): number
}

/** The runs under way take too long. */
export class BatchBusy extends Error {
  override name = "BatchesBusy"
}

export interface BatchOptions<T, R> {
  /** Does the work of all items. @returns what came of each, in their order */
  run(items: T[]): Promise<R[]>
  /** The most items of one run. */
  maxSize: number
  /** The most runs at the same time. */
  maxRunning: number
  /** How long an item waits for its run to begin. */
  maxWaitMs?: number
  /** Items with the same key are never in one run. */
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

  function take(): Waiting<T, R>[] {
    if (!keyOf) return waiting.splice(0, maxSize)
    const taken: Waiting<T, R>[] = []
    const left: Waiting<T, R>[] = []
    const keys = new Set<string>()
    for (const call of waiting) {
      const key = keyOf(call.item)
      const fits = taken.length < maxSize && !keys.has(key)
      keys.add(key)
      if (fits) taken.push(call)
      else left.push(call)
    }
    waiting = left
    return taken
  }

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const calls = take()
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
          // When all that has arrived by now is read.
          setImmediate(work)
        } else if (maxWaitMs !== undefined) call.timer = setTimeout(giveUp, maxWaitMs, call)
      }),
    waiting: () => waiting.length,
  }
}

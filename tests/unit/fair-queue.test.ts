import { describe, expect, test } from "vitest"
import { Unavailable } from "../../src/utils/errors.ts"
import { createFairQueue, type FairQueueOptions } from "../../src/utils/fair-queue.ts"
import { HOUR } from "../../src/utils/time.ts"

/** A queue whose calls end one after the other, each when the test says so. */
function controlled(options: Partial<FairQueueOptions>) {
  const queue = createFairQueue({ running: 1, waitingPerKey: 100, waiting: 100, waitMs: HOUR, ...options })
  const started: string[] = []
  const ends = new Map<string, () => void>()
  const run = (key: string, name: string) =>
    queue.run(key, () => {
      started.push(name)
      const { promise, resolve } = Promise.withResolvers<void>()
      ends.set(name, resolve)
      return promise
    })
  /** Ends what runs, one after the other, until nothing is left. */
  const endAll = async () => {
    for (let next = [...ends]; next.length > 0; next = [...ends]) {
      for (const [name, end] of next) {
        ends.delete(name)
        end()
      }
      await new Promise(setImmediate)
    }
  }
  return { queue, run, started, endAll, running: () => ends.size }
}

describe("a fair queue", () => {
  test("lets a few run at once", async () => {
    const { run, endAll, running } = controlled({ running: 2 })
    const all = [1, 2, 3, 4].map((n) => run("a", `a${n}`))
    await new Promise(setImmediate)
    expect(running()).toBe(2)
    await endAll()
    await Promise.all(all)
  })

  test("lets keys take turns, however many calls one of them has, and keeps the order of each", async () => {
    const { run, started, endAll } = controlled({})
    const flood = [1, 2, 3, 4, 5].map((n) => run("flood", `flood ${n}`))
    await new Promise(setImmediate)
    const others = [run("a", "a 1"), run("a", "a 2"), run("b", "b 1")]
    await endAll()
    await Promise.all([...flood, ...others])
    expect(started).toEqual(["flood 1", "flood 2", "a 1", "b 1", "flood 3", "a 2", "flood 4", "flood 5"])
  })

  test("refuses a key of which too many wait, and no other", async () => {
    const { run, endAll } = controlled({ waitingPerKey: 3 })
    const running = run("a", "a 0")
    await new Promise(setImmediate)
    const waiting = [1, 2, 3].map((n) => run("a", `a ${n}`))
    await expect(run("a", "a 4")).rejects.toBeInstanceOf(Unavailable)
    const other = run("b", "b 1")
    await endAll()
    await Promise.all([running, ...waiting, other])
  })

  test("refuses any key when too many wait in all", async () => {
    const { run, endAll } = controlled({ waiting: 3 })
    const running = run("a", "a 0")
    await new Promise(setImmediate)
    const waiting = [1, 2, 3].map((n) => run(`key ${n}`, `${n}`))
    await expect(run("b", "b")).rejects.toBeInstanceOf(Unavailable)
    await endAll()
    await Promise.all([running, ...waiting])
  })

  test("refuses a call that has waited for too long, and never starts it", async () => {
    const { run, started, endAll } = controlled({ waitMs: 5 })
    const running = run("a", "a 1")
    await new Promise(setImmediate)
    await expect(run("b", "b 1")).rejects.toBeInstanceOf(Unavailable)
    await endAll()
    await running
    const later = run("b", "b 2")
    await new Promise(setImmediate)
    await endAll()
    await later
    expect(started).toEqual(["a 1", "b 2"])
  })

  test("gives the place of failed work to the next, and passes results on", async () => {
    const { queue } = controlled({})
    const failing = queue.run("a", () => Promise.reject(new Error("no")))
    const next = queue.run("a", async () => "done")
    await expect(failing).rejects.toThrow("no")
    expect(await next).toBe("done")
  })
})

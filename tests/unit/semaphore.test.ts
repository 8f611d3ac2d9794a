import { describe, expect, test } from "vitest"
import { Unavailable } from "../../src/utils/errors.ts"
import { createSemaphore } from "../../src/utils/semaphore.ts"

describe("a semaphore", () => {
  test("lets some run, some wait and refuses the rest", async () => {
    const semaphore = createSemaphore({ running: 2, waiting: 3 })
    let running = 0
    let most = 0
    const end = Promise.withResolvers<void>()
    const work = async () => {
      most = Math.max(most, ++running)
      await end.promise
      running--
    }
    const all = Array.from({ length: 7 }, () => semaphore.run(work))
    const settled = Promise.allSettled(all)
    end.resolve()
    const results = await settled
    expect(results.map(({ status }) => status)).toEqual([
      ...Array(5).fill("fulfilled"),
      "rejected",
      "rejected",
    ])
    expect((results[5] as PromiseRejectedResult).reason).toBeInstanceOf(Unavailable)
    expect(most).toBe(2)
  })

  test("gives the place of failed work to the next", async () => {
    const semaphore = createSemaphore({ running: 1, waiting: 1 })
    const failing = semaphore.run(() => Promise.reject(new Error("no")))
    const next = semaphore.run(async () => "done")
    await expect(failing).rejects.toThrow("no")
    expect(await next).toBe("done")
    expect(await semaphore.run(async () => "free again")).toBe("free again")
  })
})

import fc from "fast-check"
import { expect, test } from "vitest"
import { createByteSemaphore } from "../../src/utils/byte-semaphore.ts"

const never = new AbortController().signal

test("no more bytes are held than there are, and everybody gets their turn", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 20 }),
      async (scheduler, sizes) => {
        const semaphore = createByteSemaphore(20)
        let held = 0
        const work = sizes.map(async (bytes) => {
          const giveBack = await semaphore.acquire(bytes, never)
          held += Math.min(bytes, 20)
          expect(held).toBeLessThanOrEqual(20)
          await scheduler.schedule(Promise.resolve())
          held -= Math.min(bytes, 20)
          giveBack()
          giveBack()
        })
        await scheduler.waitFor(Promise.all(work))
        expect(semaphore.held()).toBe(0)
      },
    ),
  )
})

test("a wait ends with its signal, and keeps nobody waiting behind it", async () => {
  const semaphore = createByteSemaphore(10)
  const giveBack = await semaphore.acquire(6, never)
  const stop = new AbortController()
  const large = semaphore.acquire(9, stop.signal)
  const small = semaphore.acquire(4, never)
  const reason = new Error("cancelled")
  stop.abort(reason)
  await expect(large).rejects.toBe(reason)
  await (await small)()
  giveBack()
  await expect(semaphore.acquire(1, stop.signal)).rejects.toBe(reason)
  expect(semaphore.held()).toBe(0)
})

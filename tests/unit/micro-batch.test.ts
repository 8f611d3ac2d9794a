import { setImmediate } from "node:timers/promises"
import { expect, test } from "vitest"
import { BatchBusy, createMicroBatch } from "../../src/utils/micro-batch.ts"
import { MINUTE } from "../../src/utils/time.ts"

interface Item {
  user: string
  n: number
}

/** Batches whose runs end when the test says so. */
function open(
  options: { maxSize?: number; maxRunning?: number; maxWaitMs?: number; spareAfterMs?: number } = {},
) {
  const runs: { items: Item[]; end(error?: Error): void }[] = []
  const batches = createMicroBatch<Item, string>({
    maxSize: 10,
    maxRunning: 1,
    ...options,
    keyOf: ({ user }) => user,
    run: (items) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error) => (error ? reject(error) : resolve(items.map(({ n }) => `did ${n}`)))
        runs.push({ items, end })
      }),
  })
  return { batches, runs }
}

const item = (n: number, user = `user ${n}`) => ({ user, n })

test("calls of one turn run together, and each gets its own result", async () => {
  const { batches, runs } = open()
  const all = [1, 2, 3].map((n) => batches.add(item(n)))
  await expect.poll(() => runs.length).toBe(1)
  runs[0]?.end()
  expect(await Promise.all(all)).toEqual(["did 1", "did 2", "did 3"])
})

test("what comes while a run is under way runs together afterwards", async () => {
  const { batches, runs } = open()
  const first = batches.add(item(1))
  await expect.poll(() => runs.length).toBe(1)
  const others = [2, 3, 4].map((n) => batches.add(item(n)))
  runs[0]?.end()
  await expect.poll(() => runs.length).toBe(2)
  expect(runs[1]?.items.map(({ n }) => n)).toEqual([2, 3, 4])
  runs[1]?.end()
  expect(await Promise.all([first, ...others])).toEqual(["did 1", "did 2", "did 3", "did 4"])
})

test("two of the same key never run together, and come in their order", async () => {
  const { batches, runs } = open()
  const all = [item(1), item(2, "ann"), item(3, "ann"), item(4), item(5, "ann")].map(batches.add)
  for (const [n, expected] of [[1, 2, 4], [3], [5]].entries()) {
    await expect.poll(() => runs.length).toBe(n + 1)
    expect(runs[n]?.items.map((each) => each.n)).toEqual(expected)
    runs[n]?.end()
  }
  await Promise.all(all)
})

test("no run is larger and no more run at once than allowed", async () => {
  const { batches, runs } = open({ maxSize: 2, maxRunning: 2 })
  const all = [1, 2, 3, 4, 5, 6].map((n) => batches.add(item(n)))
  await expect.poll(() => runs.map(({ items }) => items.length)).toEqual([2, 2])
  runs[1]?.end()
  await expect.poll(() => runs.map(({ items }) => items.length)).toEqual([2, 2, 2])
  for (const { end } of runs) end()
  await Promise.all(all)
})

test("a run that fails fails for its own calls only", async () => {
  const { batches, runs } = open({ maxSize: 1 })
  const [first, second] = [1, 2].map((n) => batches.add(item(n)))
  await expect.poll(() => runs.length).toBe(1)
  runs[0]?.end(new Error("no"))
  await expect(first).rejects.toThrow("no")
  await expect.poll(() => runs.length).toBe(2)
  runs[1]?.end()
  expect(await second).toBe("did 2")
})

test("who waits too long for a run is told so, and isn't in the next one", async () => {
  const { batches, runs } = open({ maxWaitMs: 20 })
  const first = batches.add(item(1))
  await expect.poll(() => runs.length).toBe(1)
  await expect(batches.add(item(2))).rejects.toThrow(BatchBusy)
  expect(batches.waiting()).toBe(0)
  const third = batches.add(item(3))
  expect(batches.waiting()).toBe(1)
  runs[0]?.end()
  await expect.poll(() => runs.length).toBe(2)
  expect(runs[1]?.items.map(({ n }) => n)).toEqual([3])
  runs[1]?.end()
  expect(await Promise.all([first, third])).toEqual(["did 1", "did 3"])
})

test("another run begins beside a slow one", async () => {
  const { batches, runs } = open({ maxRunning: 2, spareAfterMs: 10 })
  const all = [batches.add(item(1))]
  await expect.poll(() => runs.length).toBe(1)
  all.push(batches.add(item(2)))
  // Nothing more comes.
  await expect.poll(() => runs.length).toBe(2)
  await endAll(all, runs)
})

test("beside one that isn't slow, items wait for it", async () => {
  const { batches, runs } = open({ maxRunning: 2, spareAfterMs: MINUTE })
  const all = [batches.add(item(1))]
  for (let n = 2; n < 6; n++) {
    all.push(batches.add(item(n)))
    await setImmediate()
  }
  expect(runs.map(({ items }) => items.length)).toEqual([2])
  expect(batches.waiting()).toBe(3)
  await endAll(all, runs)
})

async function endAll(all: Promise<string>[], runs: { end(): void }[]): Promise<void> {
  let isOver = false
  const done = Promise.all(all).finally(() => {
    isOver = true
  })
  await expect
    .poll(() => {
      for (const { end } of runs) end()
      return isOver
    })
    .toBe(true)
  await done
}

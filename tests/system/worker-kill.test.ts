import { expect, test } from "vitest"
import { runScenario } from "../../tools/drills/scenario.ts"
import { workerKill } from "../../tools/drills/scenarios/worker-kill.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { describeBackends, openTestStores, testStack } from "./kit.ts"

// How soon a takeover begins over many kills is for `npm run drill -- --scenario worker-kill` to say.
describeBackends("kill -9 of a worker at a random chunk", (backend) => {
  test("one final reply each, listeners have what is stored, the quota is exact", async ({ signal }) => {
    const stack = testStack()
    const where = { folder: await openFolder(stack), stores: await openTestStores(stack, backend) }
    const shape = { workers: 2, users: 4, seed: 50, strikes: 1, prompts: 10, signal }
    const drill = runScenario(workerKill, { ...where, ...shape })
    // A test that took too long waits for the processes, which `signal` ends.
    stack.defer(() => Promise.allSettled([drill]).then(() => undefined))
    const { verdicts, takeoverMs } = await drill
    const promised = verdicts.filter(({ id }) => id !== "T1")
    expect(promised.flatMap(({ id, broken }) => broken.map((what) => `${id}: ${what}`))).toEqual([])
    expect(takeoverMs.length).toBeGreaterThan(0)
  })
})

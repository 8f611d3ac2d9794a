import { expect, test } from "vitest"
import { MINUTE, SECOND } from "../../src/utils/time.ts"
import { runScenario, TAKEOVER_WITHIN_MS } from "../../tools/drills/scenario.ts"
import { workerKill } from "../../tools/drills/scenarios/worker-kill.ts"
import { percentile } from "../../tools/drills/takeovers.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { describeBackends, openTestStores, testStack } from "./kit.ts"

/** What the project promises of a takeover; 5 in 100 may have lost their second worker, too. */
const PROMISED_MS = 8 * SECOND

/** For a machine that does much else; on an idle one it takes about one minute. */
const AT_MOST_MS = 10 * MINUTE

describeBackends("kill -9 of a worker", (backend) => {
  test(
    "50 times at random chunks: one final reply each, listeners have what is stored, the quota is exact",
    async ({ signal }) => {
      const stack = testStack()
      const folder = await openFolder(stack)
      const stores = await openTestStores(stack, backend)
      const drill = runScenario(workerKill, {
        stores,
        folder,
        // Three, so that the next can die while the last one's successor starts.
        workers: 3,
        users: 8,
        seed: 50,
        strikes: 50,
        prompts: 100,
        signal,
      })
      stack.defer(() =>
        drill.then(
          () => undefined,
          () => undefined,
        ),
      )
      const { verdicts, takeoverMs } = await drill
      const broken = verdicts
        .filter(({ id }) => id !== "T1")
        .flatMap(({ id, broken }) => broken.map((what) => `${id}: ${what}`))
      expect(broken).toEqual([])
      expect(takeoverMs.length).toBeGreaterThanOrEqual(25)
      // How late the latest may be is the drill's to judge: here other tests want the processor too.
      expect(percentile(takeoverMs, 0.5)).toBeLessThanOrEqual(TAKEOVER_WITHIN_MS)
      expect(percentile(takeoverMs, 0.95)).toBeLessThanOrEqual(PROMISED_MS)
    },
    AT_MOST_MS,
  )
})

import fc from "fast-check"
import { expect, test } from "vitest"
import { PRO_PRICE, PRO_PRICE_YEARLY } from "../../simulators/stripe/server.ts"
import { HOUR } from "../../src/utils/time.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { batchOf, playBatch } from "./histories.ts"

/** npm run histories sets these. */
const HISTORIES = Number(process.env.HISTORIES ?? 30)
const SEED = Number(process.env.HISTORIES_SEED ?? 1)
const BATCH = HISTORIES > 1_000 ? 100 : 30

const app = useTestApp({
  stripe: true,
  config: { stripe: { proPrices: [PRO_PRICE, PRO_PRICE_YEARLY] } },
})

test(
  `${HISTORIES} random histories of subscriptions end where Stripe says`,
  async () => {
    let played = 0
    await fc.assert(
      fc.asyncProperty(batchOf(BATCH), async (batch) => {
        expect(await playBatch(app, batch)).toEqual([])
        played += BATCH
        if (process.env.HISTORIES) process.stderr.write(`${played} histories, 0 divergent\n`)
      }),
      { numRuns: Math.ceil(HISTORIES / BATCH), seed: SEED, endOnFailure: true },
    )
  },
  5 * HOUR,
)

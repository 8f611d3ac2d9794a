import { expect } from "vitest"
import type { TestApp } from "./app.ts"

/** Enough for what a test does within one day, on a slow machine. */
const LASTS_SECONDS = 30

/** Waits for the next day where this one, in UTC by the database's clock, is about to end: quotas and budgets do, too. */
export async function untilDayLasts(app: TestApp): Promise<void> {
  const secondsLeft = async () => {
    const { rows } = await app.pool.query(
      "SELECT 86400 - extract(epoch FROM (now() AT TIME ZONE 'UTC')::time)::int AS seconds",
    )
    return rows[0].seconds
  }
  await expect
    .poll(secondsLeft, { timeout: 2 * LASTS_SECONDS * 1_000, interval: 500 })
    .toBeGreaterThan(LASTS_SECONDS)
}

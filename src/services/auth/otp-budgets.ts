import type pg from "pg"
import type { Config } from "../../config/env.ts"
import { RateLimited } from "../../utils/errors.ts"
import { DAY } from "../../utils/time.ts"
import { type Counter, countUnit, secondsUntilFree } from "../platform/counters.ts"
import { prefixOf } from "./mobile-number.ts"

/**
 * Counts one code against the daily limits (UTC) of its number, the number's range, the client's address and the whole
 * service. Must be the last statement of its transaction, because every sender waits for the row of the total.
 * @throws {RateLimited} when a limit is reached; the transaction's rollback restores the other counts
 */
export async function chargeBudgets(
  client: pg.ClientBase,
  budgets: Config["otp"]["daily"],
  { mobileNumber, address }: { mobileNumber: string; address: string },
): Promise<void> {
  const counters = [
    ofToday("otp_number", mobileNumber, budgets.perNumber),
    ofToday("otp_prefix", prefixOf(mobileNumber), budgets.perPrefix),
    ofToday("otp_address", address, budgets.perAddress),
    ofToday("otp_total", "", budgets.total),
  ]
  if (!(await countUnit(client, counters))) throw new RateLimited(await secondsUntilFree(client, counters))
}

function ofToday(scope: string, key: string, limit: number): Counter {
  return { scope, key, limit, windowMs: DAY, from: "clock" }
}

import type pg from "pg"
import type { Config } from "../../config/env.ts"
import { RateLimited } from "../../utils/errors.ts"
import { DAY } from "../../utils/time.ts"
import { type Counter, countUnit, secondsUntilFree } from "../platform/counters.ts"
import { prefixOf } from "./mobile-number.ts"

/**
 * Charges one code to the day's budgets (UTC) of its number, the number's range, the asking address and the whole
 * service. Must be the last statement of its transaction: the total is one row that every sender waits for.
 * @throws {RateLimited} when one is used up; the caller's rollback gives the others back
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

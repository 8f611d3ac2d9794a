import type pg from "pg"
import type { Config } from "../../config/env.ts"
import { RateLimited } from "../../utils/errors.ts"
import { DAY } from "../../utils/time.ts"
import { type Counter, countUnit, secondsUntilFree } from "../platform/counters.ts"
import { prefixOf } from "./mobile-number.ts"

/** How far a number is known. Anybody can sign up any number; codes are sent to both kinds, but not to unknown ones. */
export type Standing = "verified" | "signed_up" | "unknown"

/** A number that isn't verified may use this part of its range's and the service's codes. The rest is kept for users. */
const NEW_SHARE = 1 / 2

/** One address may use this part of a range's codes for numbers that aren't verified. */
const ADDRESS_SHARE_OF_RANGE = 1 / 10

interface CodeRequest {
  mobileNumber: string
  /** What the number is counted by. */
  numberKey: string
  address: string
  standing: Standing
  /** Who asks for a code to a new number of theirs; null: anybody. */
  userId: string | null
}

/**
 * Counts one code against the daily limits (UTC) of its number, the client's address, the number's range and the whole
 * service. Must be the last statement of its transaction, because every sender waits for the row of the total.
 * @throws {RateLimited} when a limit is reached; the transaction's rollback restores the other counts
 */
export async function chargeBudgets(
  client: pg.ClientBase,
  budgets: Config["otp"]["daily"],
  request: CodeRequest,
): Promise<void> {
  const counters = countersOf(budgets, request)
  if (!(await countUnit(client, counters))) throw new RateLimited(await secondsUntilFree(client, counters))
}

/**
 * Returns the same counters for every number, so that the time is the same, too. An unknown number is refused where one
 * that was signed up would be, but of range and total it uses up nothing. Verified numbers have a share of their own:
 * once the others' is used up, the answers tell the two apart, as a sign-up's 409 does.
 */
function countersOf(
  { perNumber, perPrefix, perAddress, total }: Config["otp"]["daily"],
  { mobileNumber, numberKey, address, standing, userId }: CodeRequest,
): Counter[] {
  const range = prefixOf(mobileNumber)
  const sent = standing === "unknown" ? 0 : 1
  const forUsers = standing === "verified" ? counted : passed
  const forOthers = standing === "verified" ? passed : counted
  return [
    counted("otp_number", numberKey, perNumber),
    ...(userId === null ? [] : [counted("otp_user", userId, perNumber)]),
    forUsers("otp_address_users", address, perAddress),
    forOthers("otp_address_range", `${address} ${range}`, Math.ceil(perPrefix * ADDRESS_SHARE_OF_RANGE)),
    forOthers("otp_address", address, perAddress),
    forOthers("otp_prefix_new", range, Math.ceil(perPrefix * NEW_SHARE), sent),
    counted("otp_prefix", range, perPrefix, sent),
    forOthers("otp_total_new", "", Math.ceil(total * NEW_SHARE), sent),
    counted("otp_total", "", total, sent),
  ]
}

function counted(scope: string, key: string, limit: number, units: 0 | 1 = 1): Counter {
  return { scope, key, limit, units, windowMs: DAY, from: "clock" }
}

const NO_LIMIT = 2 ** 31 - 1

/** A limit of the other kind of number. */
function passed(scope: string, key: string): Counter {
  return counted(scope, key, NO_LIMIT, 0)
}

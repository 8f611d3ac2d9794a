import { newId } from "../../../src/utils/ids.ts"
import { type Comparison, compare, type Pace } from "../helpers/compare.ts"
import { drive, type NextRequest, request } from "../helpers/load.ts"
import { type Site, startFloor } from "../helpers/site.ts"
import { mobileNumber } from "../helpers/users.ts"

/** Of the rate of Express with one INSERT of a hashed code, one UPDATE that consumes it and one JWT. */
export const SIGN_IN_GOAL = 0.3

const CONNECTIONS = 50
const NUMBERS_EACH = 20

/**
 * Codes asked for and verified, beside the least that could do both. Every connection signs in numbers of its own, one
 * after the other, again and again: a number whose code was used may ask for another one. All of them come from one
 * address and are of one range, so they share all the counters that different users can share.
 */
export async function measureSignIns(site: Site, pace: Pace): Promise<Comparison> {
  const numbers = await addUsers(site, CONNECTIONS * NUMBERS_EACH)
  const floor = await startFloor(site, "express-sign-in")
  const run = (port: number) => async (ms: number) => {
    // The end of a round leaves codes unused, whose numbers would have to wait for another.
    await site.pool.query("UPDATE one_time_codes SET resend_at = app_now() WHERE consumed_at IS NULL")
    const next = alternately(numbers)
    const load = await drive({ port, connections: CONNECTIONS, next, until: { ms } })
    return { answers: load.answers / 2, perSecond: load.perSecond / 2 }
  }
  try {
    return await compare(
      { process: site.api, run: run(site.port) },
      { process: floor.process, run: run(floor.port) },
      pace,
    )
  } finally {
    await floor.process.stop()
  }
}

async function addUsers({ pool }: Site, count: number): Promise<string[]> {
  const numbers = Array.from({ length: count }, (_, n) => mobileNumber(3_000_000 + n))
  await pool.query("INSERT INTO users (id, mobile_number) SELECT * FROM unnest($1::uuid[], $2::text[])", [
    numbers.map(newId),
    numbers,
  ])
  return numbers
}

/** Asks for a code, then signs in with the one that the answer has. */
function alternately(numbers: string[]): NextRequest {
  const turns = Array.from({ length: CONNECTIONS }, () => 0)
  return (connection, answer) => {
    const turn = (turns[connection] as number)++
    const mobileNumber = numbers[connection * NUMBERS_EACH + ((turn >> 1) % NUMBERS_EACH)] as string
    if (turn % 2 === 0) return request("POST", "/auth/send-otp", null, { mobileNumber })
    const { otp } = JSON.parse(answer.toString()) as { otp: string }
    return request("POST", "/auth/verify-otp", null, { mobileNumber, otp })
  }
}

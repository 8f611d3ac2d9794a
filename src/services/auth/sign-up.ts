import { type UserRecord, userSql } from "../../models/user.ts"
import { MobileNumberTaken } from "../../utils/errors.ts"
import { newId } from "../../utils/ids.ts"
import type { Context } from "../context.ts"
import { readMobileNumber } from "./mobile-number.ts"

/**
 * Registers a number, which its owner then verifies with a code. Until then anyone may register it again, which
 * returns the same user with the latest name. The unique constraint makes one user of concurrent calls.
 * @throws {InvalidRequest} for an invalid phone number
 * @throws {MobileNumberTaken} when the number is verified
 */
export async function signUp(
  ctx: Context,
  { mobileNumber, name }: { mobileNumber: string; name: string | undefined },
): Promise<UserRecord> {
  const number = readMobileNumber(mobileNumber, ctx.config.defaultRegion)
  const id = newId()
  const { rows } = await ctx.db.execute<UserRecord>("sign-up", SIGN_UP, [
    id,
    number,
    name ?? null,
    ctx.tokens.numbers.hashes(number),
  ])
  const [user] = rows
  if (!user) throw new MobileNumberTaken()
  if (user.id === id) ctx.events.signedUp({ userId: id })
  return user
}

/** `begin_usage` takes over what an account of the same number, deleted today, has used of the quota. */
const SIGN_UP = `
  WITH known AS (
    INSERT INTO users AS known (id, mobile_number, name) VALUES ($1, $2, $3)
    ON CONFLICT (mobile_number) DO UPDATE SET name = coalesce(excluded.name, known.name), updated_at = now()
    WHERE known.verified_at IS NULL
    RETURNING *
  )
  SELECT ${userSql("known")}, begin_usage(known.id, $4::bytea[]) FROM known`

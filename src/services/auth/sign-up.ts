import { MobileNumberTaken } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { readMobileNumber } from "./mobile-number.ts"

export interface SignUp {
  mobileNumber: string
  name: string | undefined
  /** The client's IP address, normalized as for rate limits. */
  address: string
}

/** A sign-up as it was sent. */
export interface SignedUp {
  /** E.164. */
  mobileNumber: string
  name: string | null
}

/**
 * Keeps a sign-up until a code proves the number (`prove-number.ts`). Anyone may sign up any number, so the result
 * shows nothing but what was sent, and an earlier sign-up stays as it is.
 * @throws {InvalidRequest} for an invalid phone number
 * @throws {MobileNumberTaken} when the number is verified
 */
export async function signUp(ctx: Context, { mobileNumber, name, address }: SignUp): Promise<SignedUp> {
  const signedUp = {
    mobileNumber: readMobileNumber(mobileNumber, ctx.config.defaultRegion),
    name: name ?? null,
  }
  const values = [signedUp.mobileNumber, address, signedUp.name]
  const { rows } = await ctx.db.execute<{ taken: boolean }>("sign-up", SIGN_UP, values)
  if (rows[0]?.taken) throw new MobileNumberTaken()
  return signedUp
}

const SIGN_UP = `
  WITH taken AS (
    SELECT 1 FROM users WHERE mobile_number = $1 AND verified_at IS NOT NULL
  ), kept AS (
    INSERT INTO sign_ups (mobile_number, address, name)
    SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT FROM taken)
    ON CONFLICT (mobile_number, address) DO UPDATE SET name = coalesce(sign_ups.name, excluded.name)
  )
  SELECT EXISTS (SELECT FROM taken) AS taken`

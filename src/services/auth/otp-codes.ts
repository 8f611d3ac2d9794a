import { randomInt } from "node:crypto"
import type { Principal } from "./principal.ts"
import { type KeyRing, type SigningKeys, sign } from "./signing-keys.ts"

/**
 * A reset code can also sign in, but a login code can't reset a password. A code for a new mobile number does neither, and
 * is good for the session alone that has asked for it.
 */
export type Purpose = "login" | "password_reset" | "mobile_number"

/** What a code that signs in may have been sent for. */
export const SIGN_IN_PURPOSES: readonly Purpose[] = ["login", "password_reset"]

export const MAX_WRONG_GUESSES = 5

/** Hashes codes for storage, bound to number, purpose and holder. Without the server's key a hash is useless. */
export interface CodeHashes {
  hash(code: OtpCode): Buffer
  /** Hashes with every key that is still valid. */
  hashes(code: OtpCode): Buffer[]
}

export interface OtpCode {
  mobileNumber: string
  purpose: Purpose
  code: string
  /** Whose code it is, where the number doesn't say so. */
  holder?: Principal | undefined
}

/** Generates six digits, uniformly distributed. */
export function newCode(): string {
  return String(randomInt(1_000_000)).padStart(6, "0")
}

export function createCodeHashes(keys: KeyRing): CodeHashes {
  const [newest] = keys
  return {
    hash: (code) => hashWith(newest, code),
    hashes: (code) => keys.map((key) => hashWith(key, code)),
  }
}

function hashWith(key: SigningKeys, { mobileNumber, purpose, code, holder }: OtpCode): Buffer {
  const held = holder ? `|${holder.userId}|${holder.sessionId}` : ""
  return sign(key.code, `${mobileNumber}|${purpose}|${code}${held}`)
}

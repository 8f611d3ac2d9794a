import { randomInt } from "node:crypto"
import { type KeyRing, type SigningKeys, sign } from "./signing-keys.ts"

/** A reset code can also sign in, but a login code can't reset a password. */
export type Purpose = "login" | "password_reset"

export const PURPOSES: readonly Purpose[] = ["login", "password_reset"]

export const MAX_WRONG_GUESSES = 5

/** Hashes codes for storage, bound to number and purpose. Without the server's key a hash is useless. */
export interface CodeHashes {
  hash(code: OtpCode): Buffer
  /** Hashes with every key that is still valid. */
  hashes(code: OtpCode): Buffer[]
}

export interface OtpCode {
  mobileNumber: string
  purpose: Purpose
  code: string
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

function hashWith(key: SigningKeys, { mobileNumber, purpose, code }: OtpCode): Buffer {
  return sign(key.code, `${mobileNumber}|${purpose}|${code}`)
}

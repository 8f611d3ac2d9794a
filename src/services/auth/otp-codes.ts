import { randomInt } from "node:crypto"
import { type SigningKeys, sign } from "./signing-keys.ts"

/** What a code is good for. A reset code also signs in, a login code doesn't reset a password. */
export type Purpose = "login" | "password_reset"

export const PURPOSES: readonly Purpose[] = ["login", "password_reset"]

export const MAX_WRONG_GUESSES = 5

/** A code as it is kept: bound to its number and purpose, and useless without the server's key. */
export interface CodeHashes {
  hash(code: OtpCode): Buffer
  /** With every key that may have hashed it. */
  hashes(code: OtpCode): Buffer[]
}

export interface OtpCode {
  mobileNumber: string
  purpose: Purpose
  code: string
}

/** Six digits, each of the million as likely. */
export function newCode(): string {
  return String(randomInt(1_000_000)).padStart(6, "0")
}

export function createCodeHashes(keys: readonly SigningKeys[]): CodeHashes {
  const [newest] = keys as [SigningKeys, ...SigningKeys[]]
  return {
    hash: (code) => hashWith(newest, code),
    hashes: (code) => keys.map((key) => hashWith(key, code)),
  }
}

function hashWith(key: SigningKeys, { mobileNumber, purpose, code }: OtpCode): Buffer {
  return sign(key.code, `${mobileNumber}|${purpose}|${code}`)
}

import { randomInt } from "node:crypto"
import { MINUTE } from "../../utils/time.ts"
import { type Keys, sign } from "./keys.ts"

/** What a code is good for. A reset code also signs in, a login code doesn't reset a password. */
export type Purpose = "login" | "password_reset"

export const PURPOSES: readonly Purpose[] = ["login", "password_reset"]

export const CODE_LIFE_MS = 5 * MINUTE
export const MAX_WRONG_GUESSES = 5

/** A code as it is kept: bound to its number and purpose, and useless without the server's key. */
export interface CodeHashes {
  hash(code: CodeOf): Buffer
  /** With every key that may have hashed it. */
  hashes(code: CodeOf): Buffer[]
}

export interface CodeOf {
  mobileNumber: string
  purpose: Purpose
  code: string
}

/** Six digits, each of the million as likely. */
export function newCode(): string {
  return String(randomInt(1_000_000)).padStart(6, "0")
}

export function createCodeHashes(keys: readonly Keys[]): CodeHashes {
  const [newest] = keys as [Keys, ...Keys[]]
  return {
    hash: (code) => hashWith(newest, code),
    hashes: (code) => keys.map((key) => hashWith(key, code)),
  }
}

function hashWith(key: Keys, { mobileNumber, purpose, code }: CodeOf): Buffer {
  return sign(key.code, `${mobileNumber}|${purpose}|${code}`)
}

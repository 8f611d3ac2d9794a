import bcrypt from "bcrypt"
import type { Config } from "../../config/env.ts"
import { InvalidRequest } from "../../utils/errors.ts"
import { createSemaphore } from "../../utils/semaphore.ts"

/** NIST SP 800-63B requires at least 8 characters. bcrypt ignores everything after 72 bytes. */
const MIN_BYTES = 8
const MAX_BYTES = 72

/**
 * Uses half of Node's four pool threads, so that the others stay free for files, DNS and compression. At 0.2 s for
 * one hash (cost 12) the last in the queue waits about four seconds.
 */
const hashing = createSemaphore({ running: 2, waiting: 40 })

/**
 * Checks a new password. A longer one is rejected, because bcrypt would ignore its end.
 * @throws {InvalidRequest} at `body.newPassword`
 */
export function checkNewPassword(password: string): void {
  const bytes = Buffer.byteLength(password)
  if (bytes >= MIN_BYTES && bytes <= MAX_BYTES) return
  const message = `must have ${MIN_BYTES} to ${MAX_BYTES} bytes in UTF-8`
  throw new InvalidRequest([{ path: "body.newPassword", message }])
}

/** Hashes a password. @throws {Unavailable} when too many passwords are being hashed */
export function hashPassword(config: Config, password: string): Promise<string> {
  return hashing.run(() => bcrypt.hash(password, config.password.bcryptCost))
}

/**
 * Checks `password` against `hash`. Without a hash it takes the same time and returns false.
 * @throws {Unavailable} when too many passwords are being hashed
 */
export async function isPassword(config: Config, password: string, hash: string | null): Promise<boolean> {
  const isComparable = hash !== null && Buffer.byteLength(password) <= MAX_BYTES
  const matches = await hashing.run(() =>
    bcrypt.compare(password, hash ?? dummyHash(config.password.bcryptCost)),
  )
  return isComparable && matches
}

/** Returns a well-formed hash that no password has, so that comparing with it takes the usual time. */
function dummyHash(cost: number): string {
  return `$2b$${String(cost).padStart(2, "0")}$${"N".repeat(21)}u${"n".repeat(31)}`
}

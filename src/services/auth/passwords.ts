import bcrypt from "bcrypt"
import type { Config } from "../../config/env.ts"
import { InvalidRequest } from "../../utils/errors.ts"
import { createSemaphore } from "../../utils/semaphore.ts"

/** NIST SP 800-63B asks for 8 at least; bcrypt reads 72 bytes and no more. */
const MIN_BYTES = 8
const MAX_BYTES = 72

/**
 * Half of the four threads that Node computes on, shared by the whole process: the rest stays free for files, name
 * look-ups and compression. At 0.2 s for one (cost 12) the last in the queue waits about four seconds.
 */
const hashing = createSemaphore({ running: 2, waiting: 40 })

/**
 * Checks a password that is to be set. A longer one is refused, not cut: its end would count for nothing.
 * @throws {InvalidRequest} at `body.newPassword`
 */
export function checkNewPassword(password: string): void {
  const bytes = Buffer.byteLength(password)
  if (bytes >= MIN_BYTES && bytes <= MAX_BYTES) return
  const message = `must have ${MIN_BYTES} to ${MAX_BYTES} bytes in UTF-8`
  throw new InvalidRequest([{ path: "body.newPassword", message }])
}

/** @throws {Unavailable} when too many passwords are being computed */
export function hashPassword(config: Config, password: string): Promise<string> {
  return hashing.run(() => bcrypt.hash(password, config.password.bcryptCost))
}

/**
 * Whether `password` is the one that `hash` was made of. Takes the same time without a hash, when the answer is no.
 * @throws {Unavailable} when too many passwords are being computed
 */
export async function isPassword(config: Config, password: string, hash: string | null): Promise<boolean> {
  const comparable = hash !== null && Buffer.byteLength(password) <= MAX_BYTES
  const same = await hashing.run(() =>
    bcrypt.compare(password, hash ?? nobodysHash(config.password.bcryptCost)),
  )
  return comparable && same
}

/** Has the form of a hash, so that comparing costs what it costs, and was made of no password. */
function nobodysHash(cost: number): string {
  return `$2b$${String(cost).padStart(2, "0")}$${"N".repeat(21)}u${"n".repeat(31)}`
}

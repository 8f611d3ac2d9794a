import bcrypt from "bcrypt"
import type { Config } from "../../config/env.ts"
import type { Timing } from "../../config/timing.ts"
import { InvalidRequest } from "../../utils/errors.ts"
import { createFairQueue } from "../../utils/fair-queue.ts"

/** NIST SP 800-63B requires at least 8 characters. bcrypt ignores everything after 72 bytes. */
const MIN_BYTES = 8
const MAX_BYTES = 72

/**
 * Half of Node's four pool threads, so that the others stay free for files, DNS and compression. Addresses take turns,
 * so that one with many attempts delays the others by one hash each.
 */
const QUEUE = { running: 2, waitingPerKey: 8, waiting: 1_000 }

/** Hashes and checks passwords, a few at a time, in a queue in which the clients' addresses take turns. */
export interface Passwords {
  /** Hashes a password. @throws {Unavailable} when too many wait, or it has waited for too long */
  hash(password: string, address: string): Promise<string>
  /**
   * Checks a password. Without a hash it waits for its turn like any other, but takes no time of those behind it, and
   * returns false. So a caller must answer at a time that doesn't depend on how long a check took.
   * @throws {Unavailable} when too many wait, or it has waited for too long
   */
  matches(password: string, hash: string | null, address: string): Promise<boolean>
}

export function createPasswords(
  { bcryptCost }: Config["password"],
  { hashWaitMs }: Pick<Timing["auth"], "hashWaitMs">,
): Passwords {
  const queue = createFairQueue({ ...QUEUE, waitMs: hashWaitMs })
  return {
    hash: (password, address) => queue.run(address, () => bcrypt.hash(password, bcryptCost)),
    matches(password, hash, address) {
      const isComparable = Buffer.byteLength(password) <= MAX_BYTES
      return queue.run(address, async () =>
        hash !== null && isComparable ? bcrypt.compare(password, hash) : false,
      )
    },
  }
}

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

import { v7 } from "uuid"

/** Drawn for many ids at once: asking the system for the random bytes of each costs more than all the rest of it. */
const pool = new Uint8Array(16 * 256)
let used = pool.length

/** The newest id's time and its number within that millisecond. */
let msecs = 0
let seq = 0

/** A new UUIDv7: ids made later in this process sort later, so they insert at the right edge of an index. */
export function newId(): string {
  const random = takeRandom()
  const now = Date.now()
  if (now > msecs) {
    msecs = now
    // 31 bits, so that there is room to count.
    seq = new DataView(random.buffer, random.byteOffset).getUint32(6) >>> 1
  } else {
    seq += 1
  }
  return v7({ random, msecs, seq })
}

function takeRandom(): Uint8Array {
  if (used === pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  used += 16
  return pool.subarray(used - 16, used)
}

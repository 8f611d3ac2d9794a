import { v7 } from "uuid"

/** Random bytes for many ids: drawing them for each id would cost more than the rest of making it. */
const pool = new Uint8Array(16 * 256)
let used = pool.length

/** The time of the newest id and its sequence number within that millisecond. */
let msecs = 0
let seq = 0

/** Makes a UUIDv7. Later ids of this process sort later, so rows are inserted at the right edge of an index. */
export function newId(): string {
  const random = takeRandom()
  const now = Date.now()
  if (now > msecs) {
    msecs = now
    // 31 of 32 bits leave room to count up.
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

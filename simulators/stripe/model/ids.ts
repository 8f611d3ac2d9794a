import { randomBytes } from "node:crypto"

/** So many random bytes are fetched at once, which makes one id cheap. */
const POOL_BYTES = 4096

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/** A new id in Stripe's manner: `sub_1Tq…`. Ids never repeat, also not after a restart without a data file. */
export function newId(prefix: string, length = 24): string {
  let id = `${prefix}_`
  for (const byte of take(length)) id += ALPHABET[byte % ALPHABET.length]
  return id
}

const pool = { bytes: Buffer.alloc(0), used: 0 }

function take(length: number): Buffer {
  if (pool.used + length > pool.bytes.length) Object.assign(pool, { bytes: randomBytes(POOL_BYTES), used: 0 })
  pool.used += length
  return pool.bytes.subarray(pool.used - length, pool.used)
}

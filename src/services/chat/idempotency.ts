import { createHash } from "node:crypto"
import type pg from "pg"
import { IdempotencyConflict } from "../../utils/errors.ts"

/** What makes a repeated request the same request. */
export interface IdempotencyKey {
  /** The client's key; keys are per user. */
  key: string
  /** The route and the validated input, as JSON-ready data. */
  request: unknown
}

/**
 * Inside a transaction: does `work` the first time a user sends `key`, and gives its result again afterwards. A
 * second request that comes while the first is under way waits for its commit. When `work` throws, the key is free.
 * @throws {IdempotencyConflict} when the key came with another request before
 */
export async function onceForKey<T>(
  client: pg.ClientBase,
  userId: string,
  { key, request }: IdempotencyKey,
  work: () => Promise<T>,
): Promise<{ result: T; replayed: false } | { result: unknown; replayed: true }> {
  const hash = createHash("sha256").update(JSON.stringify(request)).digest()
  const taken = await client.query({ name: "take-key", text: TAKE, values: [userId, key, hash] })
  if (taken.rowCount === 0) return { result: await readFirst(client, userId, key, hash), replayed: true }
  const result = await work()
  await client.query({ name: "keep-result", text: KEEP, values: [userId, key, JSON.stringify(result)] })
  return { result, replayed: false }
}

const TAKE =
  "INSERT INTO idempotency_keys (user_id, key, request_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
const KEEP = "UPDATE idempotency_keys SET result = $3 WHERE user_id = $1 AND key = $2"
const READ = "SELECT request_hash, result FROM idempotency_keys WHERE user_id = $1 AND key = $2"

async function readFirst(client: pg.ClientBase, userId: string, key: string, hash: Buffer): Promise<unknown> {
  const { rows } = await client.query<{ request_hash: Buffer; result: unknown }>({
    name: "read-key",
    text: READ,
    values: [userId, key],
  })
  const first = rows[0]
  if (!first?.request_hash.equals(hash)) throw new IdempotencyConflict()
  return first.result
}

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
 * Takes a key inside the transaction that does its work. A second request that comes while the first is in flight
 * waits for its commit; when that rolls back, the key is free.
 * @returns null the first time: `keepResult` is to follow; later what was kept
 * @throws {IdempotencyConflict} when the key came with another request before
 */
export async function takeKey(
  client: pg.ClientBase,
  userId: string,
  { key, request }: IdempotencyKey,
): Promise<{ result: unknown } | null> {
  const hash = createHash("sha256").update(JSON.stringify(request)).digest()
  const taken = await client.query({ name: "take-key", text: TAKE, values: [userId, key, hash] })
  if (taken.rowCount === 1) return null
  const { rows } = await client.query<{ request_hash: Buffer; result: unknown }>({
    name: "read-key",
    text: READ,
    values: [userId, key],
  })
  const [first] = rows
  if (!first?.request_hash.equals(hash)) throw new IdempotencyConflict()
  return { result: first.result }
}

/** Keeps what came of the first request, for those that repeat it. */
export async function keepResult(
  client: pg.ClientBase,
  userId: string,
  { key }: IdempotencyKey,
  result: unknown,
): Promise<void> {
  await client.query({ name: "keep-result", text: KEEP, values: [userId, key, JSON.stringify(result)] })
}

const TAKE =
  "INSERT INTO idempotency_keys (user_id, key, request_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
const READ = "SELECT request_hash, result FROM idempotency_keys WHERE user_id = $1 AND key = $2"
const KEEP = "UPDATE idempotency_keys SET result = $3 WHERE user_id = $1 AND key = $2"

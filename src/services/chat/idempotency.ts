import { createHash } from "node:crypto"
import type pg from "pg"
import { IdempotencyConflict, NotFound } from "../../utils/errors.ts"

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
 * @throws {NotFound} when what the first request has made was deleted meanwhile
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
  if (first.result === null) throw new NotFound("result of this key")
  return { result: first.result }
}

/** Keeps what came of the first request, for those that repeat it, as long as the room is there that it is of. */
export async function keepResult(
  client: pg.ClientBase,
  userId: string,
  { key }: IdempotencyKey,
  { chatroomId, result }: { chatroomId: string; result: unknown },
): Promise<void> {
  const values = [userId, key, JSON.stringify(result), chatroomId]
  await client.query({ name: "keep-result", text: KEEP, values })
}

/** Forgets the results of requests that made one of these messages: their texts are in them. */
export async function forgetResults(
  client: pg.ClientBase,
  { userId, chatroomId, messageIds }: { userId: string; chatroomId: string; messageIds: readonly string[] },
): Promise<void> {
  await client.query(FORGET, [userId, chatroomId, messageIds])
}

/** Puts a prompt's new text into the result of the request that sent it: the old one is kept nowhere else. */
export async function renewResult(
  client: pg.ClientBase,
  { userId, chatroomId, id, content }: { userId: string; chatroomId: string; id: string; content: string },
): Promise<void> {
  await client.query({ name: "renew-result", text: RENEW, values: [userId, chatroomId, id, content] })
}

const TAKE =
  "INSERT INTO idempotency_keys (user_id, key, request_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
const READ = "SELECT request_hash, result FROM idempotency_keys WHERE user_id = $1 AND key = $2"
const KEEP = "UPDATE idempotency_keys SET result = $3, chatroom_id = $4 WHERE user_id = $1 AND key = $2"
const FORGET = `
  UPDATE idempotency_keys SET result = NULL WHERE user_id = $1 AND chatroom_id = $2
    AND (result ->> 'id' = ANY ($3::text[]) OR result #>> '{prompt,id}' = ANY ($3::text[])
      OR result #>> '{reply,id}' = ANY ($3::text[]))`
const RENEW = `
  UPDATE idempotency_keys SET result = jsonb_set(result, '{prompt,content}', to_jsonb($4::text))
  WHERE user_id = $1 AND chatroom_id = $2 AND result #>> '{prompt,id}' = $3`

import type pg from "pg"

/**
 * Keeps look-ups by id on the primary key. With the statistics of a quiet database PostgreSQL takes a partial index, or
 * all that a user has, for as cheap as the key, and reads the whole backlog for each reply. So every other index that a
 * look-up by id could be planned on gets a condition that only the queries that want it state. No row fails it:
 * unfinished replies have a lease and failed ones a code (0001's constraints), and positions begin with 1.
 */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  "DROP INDEX messages_unfinished",
  `CREATE INDEX messages_unfinished ON messages (user_id, chatroom_id, position)
   WHERE lease_until IS NOT NULL AND position > 0`,
  // The sweep's: the leases that ran out first.
  "CREATE INDEX messages_lease ON messages (lease_until) WHERE lease_until IS NOT NULL",
  "DROP INDEX messages_failed",
  "CREATE INDEX messages_failed ON messages (completed_at DESC, id DESC) WHERE error_code IS NOT NULL",
  "DROP INDEX chatrooms_of_user",
  "CREATE INDEX chatrooms_of_user ON chatrooms (user_id, activity_at DESC, id DESC) WHERE last_position >= 0",
  // A reply that waits for an earlier one of its room has no lease that could run out.
  `UPDATE messages AS m SET lease_until = 'infinity' FROM chatrooms AS c
   WHERE m.status = 'queued' AND c.user_id = m.user_id AND c.id = m.chatroom_id
     AND c.active_reply_id IS DISTINCT FROM m.id`,
]

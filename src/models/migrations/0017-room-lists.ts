import type pg from "pg"

/**
 * Two lists of rooms, archived ones and the others, each with pinned rooms first; and what clean-up looks for: rooms
 * without activity for long, and temporary ones.
 */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // When a room with messages was made temporary, so that it doesn't vanish at once.
  "ALTER TABLE chatrooms ADD COLUMN temporary_since timestamptz(3)",
  "DROP INDEX chatrooms_of_user",
  `CREATE INDEX chatrooms_of_user ON chatrooms (user_id, pinned DESC, activity_at DESC, id DESC)
   WHERE last_position >= 0 AND archived_at IS NULL`,
  `CREATE INDEX chatrooms_archived ON chatrooms (user_id, pinned DESC, activity_at DESC, id DESC)
   WHERE last_position >= 0 AND archived_at IS NOT NULL`,
  "CREATE INDEX chatrooms_activity ON chatrooms (activity_at)",
  "CREATE INDEX chatrooms_temporary ON chatrooms (activity_at) WHERE temporary",
  // Cached lists are in another order.
  "UPDATE chatroom_lists SET version = gen_random_uuid()",
]

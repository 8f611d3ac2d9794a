import type pg from "pg"

/** Messages that were deleted, for listeners of their room that know them, also for those that were away meanwhile. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // revision: the room's number of the change, as of messages that changed. A message goes with all that follows it, of
  // which there is no row.
  `CREATE TABLE deleted_messages (
    user_id uuid NOT NULL,
    chatroom_id uuid NOT NULL,
    revision integer NOT NULL,
    message_id uuid NOT NULL,
    PRIMARY KEY (user_id, chatroom_id, revision),
    FOREIGN KEY (user_id, chatroom_id) REFERENCES chatrooms (user_id, id) ON DELETE CASCADE
  )`,
]

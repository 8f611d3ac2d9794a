import type pg from "pg"

/** A failed reply that an operator queues once more: from when it counts as sent, and its number in its room. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  `ALTER TABLE messages
    ADD COLUMN retry integer NOT NULL DEFAULT 0,
    ADD COLUMN retried_at timestamptz(3)`,
  "ALTER TABLE chatrooms ADD COLUMN retries integer NOT NULL DEFAULT 0",
  "CREATE INDEX messages_retried ON messages (chatroom_id, retry) WHERE retry > 0",
]

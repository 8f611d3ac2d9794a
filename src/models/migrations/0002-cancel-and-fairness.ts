import type pg from "pg"

/** Asking a worker to stop, and counting the replies that a user has under way. */
export async function up(client: pg.ClientBase): Promise<void> {
  await client.query("ALTER TABLE messages ADD COLUMN cancel_requested_at timestamptz(3)")
  await client.query("CREATE INDEX chatrooms_active ON chatrooms (user_id) WHERE active_reply_id IS NOT NULL")
  await client.query("ALTER TABLE messages ADD COLUMN takeovers smallint NOT NULL DEFAULT 0")
  await client.query(`ALTER TABLE workers
    ADD COLUMN concurrency integer NOT NULL DEFAULT 1 CHECK (concurrency > 0),
    ADD COLUMN mean_ms double precision`)
  await client.query(
    "CREATE INDEX messages_failed ON messages (completed_at DESC, id DESC) WHERE status = 'failed'",
  )
}

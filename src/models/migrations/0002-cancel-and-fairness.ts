import type pg from "pg"

/** Asking a worker to stop, counting what a user has under way, finding what has failed. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  `ALTER TABLE messages
    ADD COLUMN cancel_requested_at timestamptz(3),
    ADD COLUMN takeovers smallint NOT NULL DEFAULT 0 CHECK (takeovers >= 0)`,
  `ALTER TABLE workers
    ADD COLUMN concurrency integer NOT NULL DEFAULT 1 CHECK (concurrency > 0),
    ADD COLUMN mean_ms double precision`,
  "CREATE INDEX chatrooms_active ON chatrooms (user_id) WHERE active_reply_id IS NOT NULL",
  "CREATE INDEX messages_failed ON messages (completed_at DESC, id DESC) WHERE status = 'failed'",
  "CREATE INDEX password_guesses_window_ends_at ON password_guesses (window_ends_at)",
  "CREATE INDEX session_revocations_expires_at ON session_revocations (expires_at)",
]

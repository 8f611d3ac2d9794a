import type pg from "pg"

/** Files of conversations that users import, until they are read, and what became of them, for a day. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // done: how many conversations of the file were looked at; with the fence (attempt) it makes each room exactly once.
  // lease_until: until when its holder (the upload, the queue, a worker) is trusted. stalls: claims since the last
  // conversation. problem: why the whole file was refused.
  `CREATE TABLE imports (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    status text NOT NULL DEFAULT 'receiving'
      CHECK (status IN ('receiving', 'queued', 'running', 'completed', 'failed')),
    format text CHECK (format IN ('chatroom', 'chatgpt', 'open-webui')),
    bytes bigint NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    total integer CHECK (total >= 0),
    done integer NOT NULL DEFAULT 0 CHECK (done >= 0),
    attempt integer NOT NULL DEFAULT 0,
    stalls smallint NOT NULL DEFAULT 0,
    lease_until timestamptz(3),
    problem jsonb,
    created_at timestamptz(3) NOT NULL DEFAULT app_now(),
    completed_at timestamptz(3),
    PRIMARY KEY (user_id, id),
    CONSTRAINT imports_unfinished_has_lease
      CHECK ((status IN ('receiving', 'queued', 'running')) = (lease_until IS NOT NULL)),
    CONSTRAINT imports_final_has_time CHECK ((status IN ('completed', 'failed')) = (completed_at IS NOT NULL)),
    CONSTRAINT imports_failed_has_problem CHECK ((status = 'failed') = (problem IS NOT NULL))
  )`,
  // One at a time for each user.
  "CREATE UNIQUE INDEX imports_unfinished ON imports (user_id) WHERE lease_until IS NOT NULL",
  "CREATE INDEX imports_lease ON imports (lease_until) WHERE lease_until IS NOT NULL",
  "CREATE INDEX imports_completed_at ON imports (completed_at) WHERE completed_at IS NOT NULL",

  `CREATE TABLE import_chunks (
    user_id uuid NOT NULL,
    import_id uuid NOT NULL,
    n integer NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (user_id, import_id, n),
    FOREIGN KEY (user_id, import_id) REFERENCES imports (user_id, id) ON DELETE CASCADE
  )`,
  // Gone within minutes: compressing it would cost more than the space.
  "ALTER TABLE import_chunks ALTER COLUMN data SET STORAGE EXTERNAL",

  // What became of the conversations of a file. No foreign key to the room, which may be deleted at any time.
  `CREATE TABLE import_results (
    user_id uuid NOT NULL,
    import_id uuid NOT NULL,
    n integer NOT NULL,
    chatroom_id uuid,
    problems jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (user_id, import_id, n),
    FOREIGN KEY (user_id, import_id) REFERENCES imports (user_id, id) ON DELETE CASCADE
  )`,

  // Operators see neither failures nor ratings of copies, however many there are.
  "DROP INDEX messages_failed",
  `CREATE INDEX messages_failed ON messages (completed_at DESC, id DESC)
   WHERE error_code IS NOT NULL AND NOT is_copy`,
  "DROP INDEX messages_rated",
  "CREATE INDEX messages_rated ON messages (model) WHERE feedback IS NOT NULL AND NOT is_copy",
]

import type pg from "pg"

/** Feedback on replies as listeners of a room get to know of it, and links to snapshots of conversations. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // Messages that changed after they were announced are numbered by their room, under its row lock.
  "ALTER TABLE chatrooms ADD COLUMN revisions integer NOT NULL DEFAULT 0",
  "ALTER TABLE messages ADD COLUMN revision integer NOT NULL DEFAULT 0",
  "CREATE INDEX messages_revised ON messages (chatroom_id, revision) WHERE revision > 0",
  // Operators count across users.
  "CREATE INDEX messages_rated ON messages (model) WHERE feedback IS NOT NULL",

  // One link for each room. It goes with the room, and with the message that its snapshot ends in.
  `CREATE TABLE shares (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    chatroom_id uuid NOT NULL,
    message_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    title text NOT NULL,
    messages integer NOT NULL DEFAULT 0 CHECK (messages >= 0),
    views bigint NOT NULL DEFAULT 0 CHECK (views >= 0),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, id),
    CONSTRAINT shares_of_room UNIQUE (user_id, chatroom_id),
    FOREIGN KEY (user_id, chatroom_id) REFERENCES chatrooms (user_id, id) ON DELETE CASCADE,
    FOREIGN KEY (user_id, message_id) REFERENCES messages (user_id, id) ON DELETE CASCADE
  )`,
  // A reader has the token alone.
  "CREATE INDEX shares_token ON shares (token_hash)",
  "CREATE INDEX shares_message ON shares (user_id, message_id)",

  // The messages of a snapshot in their order, some in a row: a page reads one or two rows, of however many messages.
  `CREATE TABLE share_chunks (
    user_id uuid NOT NULL,
    share_id uuid NOT NULL,
    n integer NOT NULL CHECK (n >= 0),
    message_ids uuid[] NOT NULL,
    PRIMARY KEY (user_id, share_id, n),
    FOREIGN KEY (user_id, share_id) REFERENCES shares (user_id, id) ON DELETE CASCADE
  )`,
]

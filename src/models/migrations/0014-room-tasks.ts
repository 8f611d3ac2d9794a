import type pg from "pg"

/**
 * What is made in the background for a room: its title, and summaries of what no longer fits into a request. All of it
 * goes with the messages that it was made of.
 */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // message_id: the reply that a title is made after, or the last message that a summary covers. due_at: when the task
  // may begin, again if it has begun; null: given up. A task that is done has no row.
  `CREATE TABLE room_tasks (
    user_id uuid NOT NULL,
    message_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('title', 'summary')),
    chatroom_id uuid NOT NULL,
    attempts smallint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due_at timestamptz(3) DEFAULT now(),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, message_id, kind),
    FOREIGN KEY (user_id, message_id) REFERENCES messages (user_id, id) ON DELETE CASCADE
  )`,
  "CREATE UNIQUE INDEX room_tasks_title ON room_tasks (user_id, chatroom_id) WHERE kind = 'title'",
  "CREATE INDEX room_tasks_due ON room_tasks (due_at) WHERE due_at IS NOT NULL",
  // A summary covers the branch from its first message to this one, so every branch that goes through it has the same.
  `CREATE TABLE room_summaries (
    user_id uuid NOT NULL,
    message_id uuid NOT NULL,
    chatroom_id uuid NOT NULL,
    content text NOT NULL CHECK (content <> ''),
    model text NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, message_id),
    FOREIGN KEY (user_id, message_id) REFERENCES messages (user_id, id) ON DELETE CASCADE
  )`,
  // The first message of its branch that a reply was made with; null: unknown.
  "ALTER TABLE messages ADD COLUMN context_start uuid",
]

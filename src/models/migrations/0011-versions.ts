import type pg from "pg"

/** What versions of a conversation need: siblings from an index, texts to go on from, copies, and changes of a room. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // Siblings in their order. The roots of a room have no parent to look them up by. By their room alone PostgreSQL could
  // plan to read them from the index of all positions, and the room with them; nothing else states this expression.
  "DROP INDEX messages_children",
  "CREATE INDEX messages_children ON messages (parent_id, position)",
  "CREATE INDEX messages_roots ON messages (coalesce(parent_id, chatroom_id), position) WHERE parent_id IS NULL",

  // prefix: the text that a reply goes on from, with which each of its attempts begins. is_copy: the message was copied
  // into its room, so that its tokens and its failure count where it was made.
  `ALTER TABLE messages
    ADD COLUMN prefix text NOT NULL DEFAULT '',
    ADD COLUMN is_copy boolean NOT NULL DEFAULT false`,

  // What happened to messages that a listener may know already. Each entry takes a position of its room, so a cursor
  // counts messages and changes together. last_change: the position of the newest entry.
  `CREATE TABLE room_changes (
    user_id uuid NOT NULL,
    chatroom_id uuid NOT NULL,
    position integer NOT NULL,
    message_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('changed', 'deleted')),
    PRIMARY KEY (user_id, chatroom_id, position),
    FOREIGN KEY (user_id, chatroom_id) REFERENCES chatrooms (user_id, id) ON DELETE CASCADE
  )`,
  "ALTER TABLE chatrooms ADD COLUMN last_change integer NOT NULL DEFAULT 0",
]

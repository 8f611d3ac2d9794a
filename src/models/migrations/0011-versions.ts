import type pg from "pg"

/** What versions of a conversation need: siblings from an index, texts to go on from, and copies. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // Siblings in their order. The roots of a room have no parent to look them up by. By their room alone PostgreSQL could
  // plan to read them from the index of all positions, and the room with them; nothing else states this expression.
  // With user_id it has both columns of the foreign key: by the primary key, deleting a message would read all that its
  // user has, once for each that goes with it.
  "DROP INDEX messages_children",
  "CREATE INDEX messages_children ON messages (parent_id, position, user_id)",
  "CREATE INDEX messages_roots ON messages (coalesce(parent_id, chatroom_id), position) WHERE parent_id IS NULL",

  // prefix: the text that a reply goes on from, with which each of its attempts begins. is_copy: the message was copied
  // into its room, so that its tokens and its failure count where it was made.
  `ALTER TABLE messages
    ADD COLUMN prefix text NOT NULL DEFAULT '',
    ADD COLUMN is_copy boolean NOT NULL DEFAULT false`,
]

import type pg from "pg"

/** A user's branch and its copy in a room of the same user, message by message. */
export interface CopiedBranch {
  userId: string
  /** The copy's. */
  chatroomId: string
  originals: readonly string[]
  copies: readonly string[]
}

/**
 * Gives the copy of a branch what its requests are made with: where their window begins, and the summaries of what is
 * before. Without these its next reply would count tokens of requests that had another window, and a long past would be
 * forgotten, or summarized and paid for once more.
 */
export async function copyContext(
  client: pg.ClientBase,
  { userId, chatroomId, originals, copies }: CopiedBranch,
): Promise<void> {
  await client.query({ name: "copy-windows", text: WINDOWS, values: [userId, originals, copies] })
  const values = [userId, originals, copies, chatroomId]
  await client.query({ name: "copy-summaries", text: SUMMARIES, values })
}

/** With the user in each row, so that messages are looked up by their whole key and not all that the user has. */
const COPIED = `copied AS (
    SELECT * FROM unnest(array_fill($1::uuid, ARRAY[cardinality($2::uuid[])]), $2::uuid[], $3::uuid[])
      AS pair (user_id, original_id, id)
  )`

/** Few replies have moved the window, so few beginnings are looked for among the copied messages. */
const WINDOWS = `
  WITH ${COPIED}
  UPDATE messages AS copy SET context_start = ($3::uuid[])[array_position($2::uuid[], original.context_start)]
  FROM copied
    JOIN messages AS original ON original.user_id = copied.user_id AND original.id = copied.original_id
  WHERE original.context_start IS NOT NULL AND copy.user_id = copied.user_id AND copy.id = copied.id`

const SUMMARIES = `
  WITH ${COPIED}
  INSERT INTO room_summaries (user_id, message_id, chatroom_id, content, model, created_at)
  SELECT copied.user_id, copied.id, $4::uuid, made.content, made.model, made.created_at
  FROM copied JOIN room_summaries AS made ON made.user_id = copied.user_id AND made.message_id = copied.original_id`

import type pg from "pg"
import { CHATROOM_FIELDS, type ChatroomRecord } from "../../models/chatroom.ts"
import { columnOf, selectSql } from "../../models/columns.ts"
import { newId } from "../../utils/ids.ts"

/** How far a copy of a branch into a new room has come. */
export interface Copy {
  userId: string
  chatroomId: string
  headId: string | null
  position: number
}

/** Begins a copy. */
export function openCopy({ userId, id }: { userId: string; id: string }): Copy {
  return { userId, chatroomId: id, headId: null, position: 0 }
}

/** What a copy takes over, whosever it is. */
const COPIED = [
  ...["role", "content", "citations", "searchQueries", "status", "model", "finishReason"],
  ...["createdAt", "completedAt"],
]

/** What a copy for the same user has, too: what they see of a message, but for their feedback. */
const OWN = [
  ...["thoughts", "notices", "errorCode", "errorMessage"],
  ...["promptTokens", "outputTokens", "thoughtTokens", "totalTokens", "cachedTokens", "toolTokens"],
  ...["costAmount", "costCurrency", "priceVersion", "unpricedCalls"],
]

/**
 * Copies messages of one branch, in their order, behind what was copied before. As copies they count nowhere: neither what
 * they took nor that they failed. Few enough are to be given that a statement ends in time.
 * @param owner whose messages they are; another user's files are named only, and the files of the same user shared
 * @returns the ids of the copies
 */
export async function copyMessages(
  client: pg.ClientBase,
  copy: Copy,
  { owner, ids }: { owner: string; ids: readonly string[] },
): Promise<string[]> {
  const { userId, chatroomId, position, headId } = copy
  const newIds = ids.map(() => newId())
  const isOwn = owner === userId
  const { rowCount } = await client.query({
    name: isOwn ? "copy-own-messages" : "copy-messages",
    text: isOwn ? COPY_OWN : COPY,
    values: [ids.map(() => owner), userId, chatroomId, position, headId, ids, newIds],
  })
  copy.headId = newIds.at(-1) ?? headId
  copy.position += rowCount ?? 0
  return newIds
}

/** Of attachments the name, type and size; the files stay their owner's. */
const NAMED = `
  (SELECT coalesce(jsonb_agg(jsonb_build_object('id', NULL, 'name', a->'name', 'type', a->'type', 'bytes', a->'bytes')), '[]')
   FROM jsonb_array_elements(m.attachments) AS a)`

const copySql = (names: string[], attachments: string) => `
  INSERT INTO messages (user_id, id, chatroom_id, parent_id, position, is_copy, attachments, ${names.map(columnOf).join(", ")})
  SELECT $2::uuid, copied.id, $3::uuid, coalesce(lag(copied.id) OVER (ORDER BY copied.n), $5::uuid),
    $4::int + copied.n::int, true, ${attachments}, ${names.map((name) => `m.${columnOf(name)}`).join(", ")}
  FROM unnest($1::uuid[], $6::uuid[], $7::uuid[]) WITH ORDINALITY AS copied (owner_id, original_id, id, n)
    JOIN messages AS m ON m.user_id = copied.owner_id AND m.id = copied.original_id
  ORDER BY copied.n`

const COPY = copySql(COPIED, NAMED)
const COPY_OWN = copySql([...COPIED, ...OWN], "m.attachments")

/** Ends a copy: the new room shows it. */
export async function finishCopy(client: pg.ClientBase, copy: Copy): Promise<ChatroomRecord> {
  const { userId, chatroomId, headId, position } = copy
  const { rows } = await client.query<ChatroomRecord>(FINISH, [userId, chatroomId, headId, position])
  return rows[0] as ChatroomRecord
}

const FINISH = `
  UPDATE chatrooms SET head_id = $3, last_position = $4, last_message_at = now(), activity_at = now()
  WHERE user_id = $1 AND id = $2
  RETURNING ${selectSql(CHATROOM_FIELDS, "chatrooms")}`

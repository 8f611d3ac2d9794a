import type pg from "pg"
import { ATTACHMENTS } from "../../config/limits.ts"
import { columnOf } from "../../models/columns.ts"
import { newId } from "../../utils/ids.ts"
import { ATTACHMENT_SQL, type AttachmentRecord } from "../attachments/attachment-record.ts"
import { insertChatroom } from "../chat/create-chatroom.ts"
import type { IncomingFile, IncomingMessage, IncomingRoom } from "./incoming-room.ts"

/** Where a room is written to. */
export interface Destination {
  userId: string
  /** Whether rooms are erased some time after their last activity, of which coming here is one. */
  hasRetention: boolean
}

/**
 * Writes a room with its messages, in the caller's transaction. They are copies: their tokens, costs and failures don't
 * count here. Files that are the user's own are named; of others the name is kept.
 * @returns the room's id
 */
export async function writeRoom(
  client: pg.ClientBase,
  { userId, hasRetention }: Destination,
  room: IncomingRoom,
): Promise<string> {
  const { id } = await insertChatroom(client, userId, room.settings)
  const ids = room.messages.map(() => newId())
  const own = await takeFiles(client, userId, room.messages)
  for (const batch of inBatches(room.messages)) {
    const rows = batch.map(({ n, message }) => ({
      ...toRow(message, own),
      id: ids[n],
      parent_id: message.parent === null ? null : ids[message.parent],
      position: n + 1,
    }))
    await client.query({
      name: "import-messages",
      text: INSERT,
      values: [userId, id, JSON.stringify(rows)],
    })
  }
  const { createdAt, updatedAt, lastMessageAt } = room
  const headId = room.head === null ? null : ids[room.head]
  const values = [
    userId,
    id,
    headId,
    ids.length,
    lastMessageAt,
    createdAt,
    updatedAt,
    hasRetention ? null : (lastMessageAt ?? createdAt),
  ]
  await client.query({ name: "finish-imported-room", text: FINISH, values })
  return id
}

/** So many that a statement is done in time. */
const BATCH_MESSAGES = 500
const BATCH_UNITS = 2_000_000

function* inBatches(messages: readonly IncomingMessage[]) {
  let batch: { n: number; message: IncomingMessage }[] = []
  let units = 0
  for (const [n, message] of messages.entries()) {
    batch.push({ n, message })
    units += message.content.length + message.thoughts.length
    if (batch.length < BATCH_MESSAGES && units < BATCH_UNITS) continue
    yield batch
    batch = []
    units = 0
  }
  if (batch.length > 0) yield batch
}

/** Columns of a row that are what the message has under the same name. */
const SAME = [
  ...["role", "content", "thoughts", "citations", "searchQueries", "notices", "status", "errorCode"],
  ...["errorMessage", "model", "finishReason", "promptTokens", "cachedTokens", "outputTokens"],
  ...["thoughtTokens", "toolTokens", "totalTokens", "costAmount", "costCurrency", "feedback"],
  ...["createdAt", "completedAt"],
] as (keyof IncomingMessage)[]

function toRow(message: IncomingMessage, own: ReadonlyMap<string, IncomingFile>): Record<string, unknown> {
  const row = Object.fromEntries(SAME.map((name) => [columnOf(name), message[name]]))
  return { ...row, attachments: message.attachments.map((file, n) => findFile(file, n, own)) }
}

/** Beyond as many as a message may have, only the names stay: a model is sent every file with an id. */
function findFile(file: IncomingFile, n: number, own: ReadonlyMap<string, IncomingFile>): IncomingFile {
  const found = file.id !== null && n < ATTACHMENTS.perMessage && own.get(file.id)
  return found || { ...file, id: null }
}

/** Finds the files that the user has, and keeps them from being deleted until the messages name them. */
async function takeFiles(
  client: pg.ClientBase,
  userId: string,
  messages: readonly IncomingMessage[],
): Promise<Map<string, IncomingFile>> {
  const named = messages.flatMap(({ attachments }) => attachments.slice(0, ATTACHMENTS.perMessage))
  const ids = [...new Set(named.flatMap(({ id }) => id ?? []))]
  if (ids.length === 0) return new Map()
  const { rows } = await client.query<AttachmentRecord>({
    name: "take-imported-files",
    text: TAKE,
    values: [ids.map(() => userId), ids],
  })
  return new Map(
    rows.map(({ id, name, type, bytes, width, height, pages }) => [
      id,
      {
        id,
        name,
        type,
        bytes,
        ...(width === null || height === null ? {} : { width, height }),
        ...(pages === null ? {} : { pages }),
      },
    ]),
  )
}

const TAKE = `
  SELECT ${ATTACHMENT_SQL} FROM attachments
  WHERE (user_id, id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[])) AND ready_at IS NOT NULL
  ORDER BY id FOR KEY SHARE`

/** The types of the columns of a row, as JSON has them. */
const TYPES: Record<string, string> = {
  id: "uuid",
  parent_id: "uuid",
  position: "int",
  attachments: "jsonb",
  citations: "jsonb",
  search_queries: "jsonb",
  notices: "jsonb",
  feedback: "jsonb",
  prompt_tokens: "int",
  cached_tokens: "int",
  output_tokens: "int",
  thought_tokens: "int",
  tool_tokens: "int",
  total_tokens: "int",
  cost_amount: "numeric",
  created_at: "timestamptz",
  completed_at: "timestamptz",
}

const COLUMNS = ["id", "parent_id", "position", "attachments", ...SAME.map(columnOf)]

const INSERT = `
  INSERT INTO messages (user_id, chatroom_id, is_copy, ${COLUMNS.join(", ")})
  SELECT $1::uuid, $2::uuid, true, ${COLUMNS.map((name) => `m.${name}`).join(", ")}
  FROM json_to_recordset($3::json) AS m (${COLUMNS.map((name) => `${name} ${TYPES[name] ?? "text"}`).join(", ")})
  ORDER BY m.position`

/** A temporary room that comes now is erased a day from now, however old its messages are. */
const FINISH = `
  UPDATE chatrooms SET head_id = $3, last_position = $4, last_message_at = $5, created_at = $6, updated_at = $7,
    activity_at = coalesce($8::timestamptz, app_now()),
    temporary_since = CASE WHEN temporary THEN app_now() END
  WHERE user_id = $1 AND id = $2`

import { z } from "zod"

const Columns = z.object({
  id: z.string(),
  chatroomId: z.string(),
  parentId: z.string().nullable(),
  position: z.number(),
  role: z.enum(["user", "model"]),
  content: z.string(),
  attachments: z.array(z.unknown()),
  status: z.enum(["queued", "running", "completed", "failed", "cancelled"]),
  errorCode: z.string().nullable(),
  model: z.string().nullable(),
  finishReason: z.string().nullable(),
  promptTokens: z.number().nullable(),
  outputTokens: z.number().nullable(),
  thoughtTokens: z.number().nullable(),
  totalTokens: z.number().nullable(),
  attempt: z.number(),
  createdAt: z.coerce.date(),
  completedAt: z.coerce.date().nullable(),
})

/** What a queued reply waits for; 0 for every other message. */
const Waits = z.object({
  /** Unfinished replies of the room before it, `MOST_AHEAD` at most. */
  queuePosition: z.number().default(0),
  /** How long it is not to be tried again, in ms. */
  cooldownMs: z.number().default(0),
})

/** A message as the services give it: every column that a client may see. Times revive from JSON. */
export const MessageRecord = Columns.extend(Waits.shape)
export type MessageRecord = z.infer<typeof MessageRecord>

/** Counting on would cost more at every look, and the wait is long in any case. */
const MAX_QUEUE_POSITION = 100

/** `MessageRecord.queuePosition` of a reply in this room, at this place. Read from the index of unfinished replies. */
export function QUEUE_POSITION_SQL(chatroomId: string, position: string): string {
  return `(SELECT count(*)::int FROM (
    SELECT 1 FROM messages AS earlier
    WHERE earlier.chatroom_id = ${chatroomId} AND earlier.position < ${position}
      AND earlier.status IN ('queued', 'running')
    LIMIT ${MAX_QUEUE_POSITION}
  ) AS counted)`
}

/** The columns of `MessageRecord`, of the table or alias `m`. */
export const MESSAGE_COLUMNS = [
  ...Object.keys(Columns.shape).map(
    (name) => `m.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
  ),
  `CASE WHEN m.status = 'queued' THEN ${QUEUE_POSITION_SQL("m.chatroom_id", "m.position")} ELSE 0 END AS queue_position`,
  `CASE WHEN m.status = 'queued'
    THEN greatest(0, ceil(extract(epoch FROM m.not_before - now()) * 1000))::int ELSE 0 END AS cooldown_ms`,
].join(", ")

/** Whether a reply has ended, however. */
export function isFinal(message: Pick<MessageRecord, "status">): boolean {
  return message.status !== "queued" && message.status !== "running"
}

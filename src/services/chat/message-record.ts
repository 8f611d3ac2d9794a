import { z } from "zod"

/** A message as the services give it: every column that a client may see. Times revive from JSON. */
export const MessageRecord = z.object({
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
export type MessageRecord = z.infer<typeof MessageRecord>

/** The columns of `MessageRecord`, of the table or alias `m`. */
export const MESSAGE_COLUMNS = Object.keys(MessageRecord.shape)
  .map((name) => `m.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`)
  .join(", ")

/** Whether a reply has ended, however. */
export function isFinal(message: Pick<MessageRecord, "status">): boolean {
  return message.status !== "queued" && message.status !== "running"
}

import { z } from "zod"

/** A room as the services give it. Times revive from JSON. */
export const ChatroomRecord = z.object({
  id: z.string(),
  name: z.string(),
  model: z.string().nullable(),
  systemInstruction: z.string().nullable(),
  context: z.enum(["conversation", "single"]),
  headId: z.string().nullable(),
  lastMessageAt: z.coerce.date().nullable(),
  activityAt: z.coerce.date(),
  createdAt: z.coerce.date(),
  updatedAt: z.coerce.date(),
})
export type ChatroomRecord = z.infer<typeof ChatroomRecord>

/** The columns of `ChatroomRecord`. */
export const CHATROOM_COLUMNS =
  "id, name, model, system_instruction, context, head_id, last_message_at, activity_at, created_at, updated_at"

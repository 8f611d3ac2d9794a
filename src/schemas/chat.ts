import { z } from "zod"
import { Id, Time, text, trimmedText } from "./common.ts"

/** Longer prompts belong into an attachment. */
export const MAX_MESSAGE_CHARACTERS = 32_000

const Name = trimmedText(1, 200)
const SystemInstruction = text(1, 8_000).nullable()
const Context = z.enum(["conversation", "single"])

/** A model's name as the Gemini API has it in its paths. */
const ModelName = z
  .string()
  .max(100)
  .regex(/^[a-z][a-z0-9.-]*$/, "must be a model name such as gemini-3.8-flash")
  .nullable()

export const NewChatroom = z.strictObject({
  name: Name.optional(),
  model: ModelName.optional(),
  systemInstruction: SystemInstruction.optional(),
  context: Context.optional(),
})
export type NewChatroom = z.infer<typeof NewChatroom>

export const ChatroomChange = z.strictObject({
  name: Name.optional(),
  model: ModelName.optional(),
  systemInstruction: SystemInstruction.optional(),
  context: Context.optional(),
  headId: Id.optional(),
})
export type ChatroomChange = z.infer<typeof ChatroomChange>

export const NewMessage = z.strictObject({
  message: text(1, MAX_MESSAGE_CHARACTERS).refine((value) => value.trim() !== "", "must not be blank"),
  parentId: Id.nullable().optional(),
})
export type NewMessage = z.infer<typeof NewMessage>

export const MessagePath = z.object({ id: Id, messageId: Id })

export const Chatroom = z.object({
  id: Id,
  name: z.string(),
  model: z.string(),
  systemInstruction: z.string().nullable(),
  context: Context,
  headId: Id.nullable(),
  lastMessageAt: Time.nullable(),
  createdAt: Time,
  updatedAt: Time,
})

export const Message = z.object({
  id: Id,
  chatroomId: Id,
  parentId: Id.nullable(),
  role: z.enum(["user", "model"]),
  content: z.string(),
  attachments: z.array(z.unknown()),
  status: z.enum(["queued", "running", "completed", "failed", "cancelled"]),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  model: z.string().nullable(),
  finishReason: z.string().nullable(),
  usage: z
    .object({
      promptTokens: z.number().int(),
      outputTokens: z.number().int(),
      thoughtTokens: z.number().int(),
      totalTokens: z.number().int(),
    })
    .nullable(),
  /** Of a queued reply; null where nothing is known. */
  estimatedWaitMs: z.number().int().nullable(),
  createdAt: Time,
  completedAt: Time.nullable(),
})

export const ChatroomWithMessages = Chatroom.extend({ messages: z.array(Message) })
export const Prompt = Message.extend({ reply: Message })

import { z } from "zod"
import * as EXAMPLES from "./chat.examples.ts"
import { Id, Time, text, trimmedText } from "./common.ts"

/** Longer prompts belong into an attachment. */
export const MAX_MESSAGE_CHARACTERS = 32_000

const Name = trimmedText(1, 200).meta({ examples: ["My First Chat"] })
const SystemInstruction = text(1, 8_000)
  .nullable()
  .meta({ description: "Told to the model before every prompt.", examples: ["Answer in one sentence."] })
const Context = z
  .enum(["conversation", "single"])
  .describe("Whether the model reads the branch so far or the prompt alone.")

/** A model's name as the Gemini API has it in its paths. */
const ModelName = z
  .string()
  .max(100)
  .regex(/^[a-z][a-z0-9.-]*$/, "must be a model name such as gemini-3.8-flash")
  .nullable()
  .meta({ description: "Null is the service's default model.", examples: ["gemini-3.8-flash"] })

export const NewChatroom = z.strictObject({
  name: Name.optional(),
  model: ModelName.optional(),
  systemInstruction: SystemInstruction.optional(),
  context: Context.optional(),
})
export type NewChatroom = z.infer<typeof NewChatroom>

export const ChatroomChange = z
  .strictObject({
    name: Name.optional(),
    model: ModelName.optional(),
    systemInstruction: SystemInstruction.optional(),
    context: Context.optional(),
    headId: Id.optional().describe("The reply at the end of the branch to show."),
  })
  .meta({ examples: [{ name: "My Renamed Chat" }] })
export type ChatroomChange = z.infer<typeof ChatroomChange>

export const NewMessage = z
  .strictObject({
    message: text(1, MAX_MESSAGE_CHARACTERS)
      .refine((value) => value.trim() !== "", "must not be blank")
      .meta({ pattern: "\\S", examples: ["Hello, how are you?"] }),
    parentId: Id.nullable()
      .optional()
      .describe("The reply that this continues, null to begin anew. The active branch's end by default."),
  })
  .meta({ examples: [{ message: "Hello, how are you?" }] })
export type NewMessage = z.infer<typeof NewMessage>

export const MessagePath = z.object({ id: Id, messageId: Id })

const ChatroomFields = z.object({
  id: Id,
  name: z.string().meta({ examples: ["My First Chat"] }),
  model: z.string().meta({ examples: ["gemini-3.8-flash"] }),
  systemInstruction: z.string().nullable(),
  context: Context,
  headId: Id.nullable().describe("The end of the active branch."),
  lastMessageAt: Time.nullable(),
  createdAt: Time,
  updatedAt: Time,
})

export const Chatroom = ChatroomFields.meta({ id: "Chatroom" })

const MessageFields = z.object({
  id: Id,
  chatroomId: Id,
  parentId: Id.nullable().describe("Messages form a tree; several children of one are versions."),
  role: z.enum(["user", "model"]),
  content: z.string().meta({ examples: ["Hello! I am fine."] }),
  attachments: z.array(z.unknown()),
  status: z.enum(["queued", "running", "completed", "failed", "cancelled"]),
  error: z
    .object({ code: z.string(), message: z.string() })
    .nullable()
    .meta({ description: "Why a reply failed.", examples: [null] }),
  model: z.string().nullable(),
  finishReason: z
    .string()
    .nullable()
    .meta({ description: "Gemini's, where it ended the reply.", examples: ["STOP"] }),
  usage: z
    .object({
      promptTokens: z.number().int(),
      outputTokens: z.number().int(),
      thoughtTokens: z.number().int(),
      totalTokens: z.number().int(),
    })
    .nullable()
    .describe("Of a reply's last attempt, however it ended; null where Gemini counted nothing."),
  estimatedWaitMs: z
    .number()
    .int()
    .nullable()
    .meta({ description: "Of a queued reply; null where nothing is known.", examples: [null] }),
  createdAt: Time,
  completedAt: Time.nullable(),
})

export const Message = MessageFields.meta({ id: "Message", examples: [EXAMPLES.reply] })

export const ChatroomWithMessages = ChatroomFields.extend({
  messages: z.array(Message).describe("The newest of the active branch, oldest first."),
}).meta({ id: "ChatroomWithMessages" })
export const Prompt = MessageFields.extend({ reply: Message }).meta({
  id: "Prompt",
  examples: [{ ...EXAMPLES.prompt, reply: EXAMPLES.queued }],
})

/** What a reply's stream sends: more text; a new attempt, which voids the text so far; the final message. */
export const replyEvents = {
  delta: z.object({ text: z.string().meta({ examples: ["Hello"] }) }).meta({ id: "Delta" }),
  reset: z
    .object({
      attempt: z
        .number()
        .int()
        .meta({ examples: [2] }),
    })
    .meta({ id: "Reset" }),
  done: Message,
}

const MessageId = { messageId: Id.describe("The reply that it is about.") }

/** What a room's stream sends: the same for each of its replies, between its own changes and new messages. */
export const roomEvents = {
  chatroom: Chatroom,
  message: Message,
  delta: replyEvents.delta.extend(MessageId).meta({ id: "RoomDelta" }),
  reset: replyEvents.reset.extend(MessageId).meta({ id: "RoomReset" }),
  done: MessageFields.extend(MessageId).meta({ id: "RoomDone" }),
  deleted: z.object({}).meta({ id: "RoomDeleted" }),
}

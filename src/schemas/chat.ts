import { z } from "zod"
import { MessageAttachment } from "./attachments.ts"
import * as EXAMPLES from "./chat.examples.ts"
import { Id, PageQuery, Time, text, trimmedText } from "./common.ts"

/** The longest prompt, in characters. */
export const MAX_MESSAGE_CHARACTERS = 32_000

const Name = trimmedText(1, 200).meta({ examples: ["My First Chat"] })
const SystemInstruction = text(1, 8_000)
  .nullable()
  .meta({ description: "Sent to the model before every prompt.", examples: ["Answer in one sentence."] })
const Context = z
  .enum(["conversation", "single"])
  .describe("Whether the model sees the conversation so far or only the prompt.")

const Thinking = z.enum(["low", "medium", "high"])

const Settings = {
  thinking: Thinking.nullable()
    .optional()
    .describe(
      "How much the model thinks before it replies; `null` leaves it to the model. With a level, replies have `thoughts`. A model that lacks the level takes the nearest; one without levels thinks as it does.",
    ),
  webSearch: z
    .boolean()
    .optional()
    .describe(
      "Whether the model may search the web. What it finds is in `citations`, what it searched for in `searchQueries`.",
    ),
  urlContext: z
    .boolean()
    .optional()
    .describe("Whether the model may read the pages whose URLs are in prompts."),
  pinned: z.boolean().optional().describe("Pinned chatrooms come first in the list."),
  archived: z.boolean().optional().describe("Archived chatrooms are listed by `?archived=true` alone."),
  temporary: z
    .boolean()
    .optional()
    .describe(
      "Temporary chatrooms can't be found by search, and are erased 24 hours after their last message.",
    ),
}

/** A model name as in the paths of the Gemini API. */
const ModelName = z
  .string()
  .max(100)
  .regex(/^[a-z][a-z0-9.-]*$/, "must be a model name such as gemini-3.8-flash")
  .nullable()
  .meta({ description: "`null` selects the service's default model.", examples: ["gemini-3.8-flash"] })

export const NewChatroom = z.strictObject({
  name: Name.optional(),
  model: ModelName.optional(),
  systemInstruction: SystemInstruction.optional(),
  context: Context.optional(),
  ...Settings,
})
export type NewChatroom = z.infer<typeof NewChatroom>

export const ChatroomQuery = PageQuery.extend({
  archived: z
    .stringbool({ truthy: ["true"], falsy: ["false"], case: "sensitive" })
    .default(false)
    .meta({ type: "boolean", description: "Lists archived chatrooms instead of the others." }),
})
export type ChatroomQuery = z.infer<typeof ChatroomQuery>

export const RoomQuery = PageQuery.extend({
  messageId: Id.optional().describe(
    "Has the page around this message, with newer ones in half of it at most, instead of the newest: on the active branch or, where that doesn't lead to it, on the newest branch through it.",
  ),
})
export type RoomQuery = z.infer<typeof RoomQuery>

export const ChatroomChange = z
  .strictObject({
    name: Name.optional(),
    model: ModelName.optional(),
    systemInstruction: SystemInstruction.optional(),
    context: Context.optional(),
    ...Settings,
    headId: Id.optional().describe(
      "A message of the branch to show; its newest descendant reply becomes the head.",
    ),
  })
  .meta({ examples: [{ name: "My Renamed Chat" }] })
export type ChatroomChange = z.infer<typeof ChatroomChange>

const MessageText = text(1, MAX_MESSAGE_CHARACTERS)
  .refine((value) => value.trim() !== "", "must not be blank")
  .meta({ pattern: "\\S", examples: ["Hello, how are you?"] })

export const MessageChange = z
  .strictObject({ message: MessageText })
  .meta({ examples: [{ message: "Hello, how are you?" }] })
export type MessageChange = z.infer<typeof MessageChange>

export const Fork = z.strictObject({ messageId: Id.describe("The last message to copy.") })
export type Fork = z.infer<typeof Fork>

export const NewMessage = z
  .strictObject({
    message: MessageText,
    parentId: Id.nullable()
      .optional()
      .describe(
        "The reply to continue from, or `null` to start a new branch. Defaults to the end of the active branch.",
      ),
    attachments: z
      .array(Id)
      .max(4)
      .refine((ids) => new Set(ids).size === ids.length, "must not name a file twice")
      .optional()
      .meta({
        description: "Files that were uploaded before, which the model gets with the message.",
        uniqueItems: true,
        examples: [[]],
      }),
    thinking: Thinking.optional().describe("Instead of the chatroom's level, for this reply alone."),
    onBusy: z
      .enum(["queue", "reject", "interrupt"])
      .optional()
      .describe(
        "What to do while a reply in the chatroom is unfinished. `queue` (the default) waits for it. `reject` is 409 `room_busy`. `interrupt` stops a reply that has begun, keeping its text, and is answered next: unless it names its parent, the message follows that reply, and what was waiting follows it.",
      ),
  })
  .meta({ examples: [{ message: "Hello, how are you?" }] })
export type NewMessage = z.infer<typeof NewMessage>

export const Feedback = z
  .strictObject({
    rating: z.enum(["up", "down"]),
    reason: trimmedText(1, 2_000)
      .nullable()
      .optional()
      .describe("Why, in your words. Kept with the message, and shown to nobody else."),
  })
  .nullable()
  .meta({ description: "`null` withdraws it.", examples: [{ rating: "up" }] })
export type Feedback = z.infer<typeof Feedback>
export const Regeneration = z
  .strictObject({
    model: ModelName.optional(),
    thinking: Thinking.optional().describe("Instead of the chatroom's level, for this reply alone."),
  })
  .default({})
export type Regeneration = z.infer<typeof Regeneration>

export const MessagePath = z.object({ id: Id, messageId: Id })

const ChatroomFields = z.object({
  id: Id,
  name: z.string().meta({ examples: ["My First Chat"] }),
  model: z.string().meta({ examples: ["gemini-3.8-flash"] }),
  systemInstruction: z.string().nullable(),
  context: Context,
  nameBy: z.enum(["default", "model", "user"]).describe("Who gave the chatroom its name."),
  thinking: Thinking.nullable(),
  webSearch: z.boolean(),
  urlContext: z.boolean(),
  pinned: z.boolean(),
  archivedAt: Time.nullable(),
  temporary: z.boolean(),
  headId: Id.nullable().describe("The end of the active branch."),
  lastMessageAt: Time.nullable(),
  createdAt: Time,
  updatedAt: Time,
})

export const Chatroom = ChatroomFields.meta({ id: "Chatroom" })

export const MessageFields = z.object({
  id: Id,
  chatroomId: Id,
  parentId: Id.nullable().describe("Messages form a tree: several children of one parent are versions."),
  role: z.enum(["user", "model"]),
  content: z.string().meta({ examples: ["Hello! I am fine."] }),
  thoughts: z
    .string()
    .describe("Summaries of what the model thought, where a level of thinking was asked for."),
  attachments: z
    .array(MessageAttachment)
    .meta({ description: "The files that a prompt names, in its order.", examples: [[]] }),
  citations: z
    .array(
      z.object({
        uri: z.string().nullable(),
        title: z.string().nullable(),
        license: z.string().nullable(),
        start: z.number().int(),
        end: z.number().int(),
      }),
    )
    .meta({
      description:
        "Sources of parts of the text, each from `start` up to `end`, in UTF-16 code units; both are 0 for a source of no part in particular, such as a page that was read. `uri` is null or begins with `http`.",
      examples: [[]],
    }),
  searchQueries: z.array(z.string()).meta({
    description:
      "What the model searched the web for. Google's terms require that a client shows each of them with the reply, as a link to Google's results for it.",
    examples: [[]],
  }),
  notices: z.array(z.object({ code: z.string(), message: z.string() })).meta({
    description:
      "What the reply was made without: `web_search_limit`, `url_context_limit` (the day's limit of your plan), `web_search_unsupported`, `url_context_unsupported`, `thinking_unsupported` (by the model that replied).",
    examples: [[]],
  }),
  siblings: z
    .object({
      position: z.number().int().describe("From 1."),
      count: z.number().int(),
      previousId: Id.nullable(),
      nextId: Id.nullable(),
    })
    .meta({
      description:
        "The message among its versions: the children of its parent or, without one, the chatroom's beginnings.",
      examples: [EXAMPLES.prompt.siblings],
    }),
  status: z.enum(["queued", "running", "completed", "failed", "cancelled"]),
  error: z
    .object({ code: z.string(), message: z.string() })
    .nullable()
    .meta({ description: "Why a reply failed.", examples: [null] }),
  model: z.string().nullable(),
  finishReason: z
    .string()
    .nullable()
    .meta({ description: "The finish reason reported by Gemini.", examples: ["STOP"] }),
  usage: z
    .object({
      promptTokens: z.number().int(),
      cachedTokens: z.number().int().describe("Prompt tokens read from Gemini's cache."),
      outputTokens: z.number().int(),
      thoughtTokens: z.number().int(),
      toolTokens: z.number().int().describe("What web search and URL context read."),
      totalTokens: z.number().int(),
    })
    .nullable()
    .describe("Token counts of a reply's last attempt, or `null` if Gemini reported none."),
  cost: z
    .object({ amount: z.string(), currency: z.string() })
    .nullable()
    .meta({ description: "What the provider charged for the reply, as a decimal number.", examples: [null] }),
  feedback: z
    .object({ rating: z.enum(["up", "down"]), reason: z.string().nullable() })
    .nullable()
    .meta({ description: "What you thought of the reply.", examples: [null] }),
  estimatedWaitMs: z
    .number()
    .int()
    .nullable()
    .meta({ description: "For a queued reply; `null` if unknown.", examples: [null] }),
  createdAt: Time,
  completedAt: Time.nullable(),
})

export const Message = MessageFields.meta({ id: "Message", examples: [EXAMPLES.reply] })

export const ChatroomWithMessages = ChatroomFields.extend({
  messages: z
    .array(Message)
    .describe("The newest of the active branch, or those around `messageId`, oldest first."),
  onActiveBranch: z
    .boolean()
    .optional()
    .describe("Only with `messageId`: whether the active branch leads to it."),
}).meta({ id: "ChatroomWithMessages" })
export const Prompt = MessageFields.extend({ reply: Message }).meta({
  id: "Prompt",
  examples: [{ ...EXAMPLES.prompt, reply: EXAMPLES.queued }],
})

/** At the limit of streams a newer one of the user takes the place of this one, which ends. */
const evicted = z.object({}).meta({ id: "Evicted" })

/** The events of a reply's stream: more text or thoughts; a new attempt, which voids them; the final message. */
export const replyEvents = {
  thought: z
    .object({ text: z.string().meta({ examples: ["**Reading the question**\n\n"] }) })
    .meta({ id: "Thought" }),
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
  evicted,
}

const MessageId = { messageId: Id.describe("The reply that the event belongs to.") }

/** The events of a chatroom's stream: those of its replies, changes of the chatroom and new messages. */
export const roomEvents = {
  chatroom: Chatroom,
  message: Message,
  thought: replyEvents.thought.extend(MessageId).meta({ id: "RoomThought" }),
  delta: replyEvents.delta.extend(MessageId).meta({ id: "RoomDelta" }),
  reset: replyEvents.reset.extend(MessageId).meta({ id: "RoomReset" }),
  done: MessageFields.extend(MessageId).meta({ id: "RoomDone" }),
  message_deleted: z
    .object({ messageId: Id.describe("It is gone with all messages that followed it.") })
    .meta({ id: "RoomMessageDeleted" }),
  deleted: z.object({}).meta({ id: "RoomDeleted" }),
  evicted,
}

/** The events of the stream of a user's list of chatrooms. */
export const roomListEvents = {
  reset: z.object({}).meta({ id: "RoomListReset" }),
  chatroom: Chatroom,
  deleted: z.object({ id: Id }).meta({ id: "RoomListDeleted" }),
  evicted,
}

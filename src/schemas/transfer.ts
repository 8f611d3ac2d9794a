import { z } from "zod"
import * as EXAMPLES from "./chat.examples.ts"
import { Chatroom, MessageFields } from "./chat.ts"
import { Id, Time } from "./common.ts"

export const ExportQuery = z.strictObject({
  format: z
    .enum(["json", "markdown"])
    .default("json")
    .describe("`json` has the whole tree and can be imported; `markdown` is the active branch, to be read."),
})
export type ExportQuery = z.infer<typeof ExportQuery>

const Problem = z.object({
  code: z.string().meta({ examples: ["parent_unknown"] }),
  message: z.string(),
  where: z
    .string()
    .nullable()
    .describe(
      "The conversation's number in the file, from 0, and the path from there; `null` for the whole file.",
    ),
})

export const Import = z
  .object({
    id: Id,
    status: z.enum(["queued", "running", "completed", "failed"]),
    format: z
      .enum(["chatroom", "chatgpt", "open-webui"])
      .nullable()
      .describe("What the first conversation was recognized as; `null` until then."),
    bytes: z.number().int(),
    done: z.number().int().describe("Conversations that were looked at."),
    total: z
      .number()
      .int()
      .nullable()
      .describe("Conversations in the file; `null` until it was read through."),
    chatrooms: z.array(Id).meta({
      description: "The chatrooms that were made so far, in the order of the file.",
      examples: [[]],
    }),
    problems: z.array(Problem).meta({
      description:
        "Why the file or conversations in it weren't imported, and what was changed in others. docs/IMPORT.md lists the codes.",
      examples: [[]],
    }),
    createdAt: Time,
    completedAt: Time.nullable(),
  })
  .meta({ id: "Import" })

/** Anything that may be one of the formats. The conversations are judged one by one, in the background. */
export const ImportFile = z
  .union([
    z.looseObject({}).describe("One conversation."),
    z.array(z.looseObject({})).describe("Several conversations."),
  ])
  .meta({
    examples: [
      {
        format: "chatroom",
        version: 1,
        chatroom: { name: "My First Chat" },
        messages: [
          { id: EXAMPLES.prompt.id, role: "user", content: "Hello, how are you?" },
          {
            id: EXAMPLES.reply.id,
            parentId: EXAMPLES.prompt.id,
            role: "model",
            content: "Hello! I am fine.",
          },
        ],
      },
    ],
  })

/** docs/IMPORT.md says what an importer may rely on. */
export const ExportedChatroom = z
  .object({
    format: z.literal("chatroom"),
    version: z.literal(1),
    exportedAt: Time,
    chatroom: Chatroom.omit({ model: true }).extend({
      model: z.string().nullable().describe("`null` for the service's default model."),
    }),
    messages: z.array(MessageFields.omit({ chatroomId: true, siblings: true, estimatedWaitMs: true })).meta({
      description: "All branches, in order: a message stands after its parent.",
      examples: [[]],
    }),
  })
  .meta({ id: "ExportedChatroom" })

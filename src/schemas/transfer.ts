import { z } from "zod"
import { Chatroom, MessageFields } from "./chat.ts"
import { Time } from "./common.ts"

export const ExportQuery = z.strictObject({
  format: z
    .enum(["json", "markdown"])
    .default("json")
    .describe("`json` has the whole tree and can be imported; `markdown` is the active branch, to be read."),
})
export type ExportQuery = z.infer<typeof ExportQuery>

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

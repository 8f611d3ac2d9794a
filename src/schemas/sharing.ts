import { z } from "zod"
import { MessageFields } from "./chat.ts"
import { Id, Time } from "./common.ts"

export const NewShare = z
  .strictObject({
    messageId: Id.optional().describe(
      "The message whose branch is shared up to there; by default the end of the branch that the chatroom shows.",
    ),
  })
  .default({})
  .meta({ id: "NewShare", examples: [{}] })
export type NewShare = z.infer<typeof NewShare>

const EXAMPLE = "https://chat.example.com/shared/q1Yc0yyLhVnFq2vXWcGk1cVb2aW2Jm5bqk8nX3sQv7E"

export const Share = z
  .object({
    url: z
      .url()
      .nullable()
      .meta({
        description:
          "`null` once the secret that made it is gone: it still works, and sharing again makes another.",
        examples: [EXAMPLE],
      }),
    title: z.string().meta({ examples: ["My First Chat"] }),
    messages: z.number().int().describe("How many messages the snapshot has."),
    views: z.number().int().describe("How often its first page was read, by people and programs."),
    createdAt: Time.describe("When the snapshot was taken."),
    notice: z.string().describe("What to tell a user who shares."),
  })
  .meta({ id: "Share" })

/** Any text, because whatever isn't a live link's token is not found. */
export const SharedPath = z.object({
  token: z.string().meta({ examples: ["q1Yc0yyLhVnFq2vXWcGk1cVb2aW2Jm5bqk8nX3sQv7E"] }),
})

const SharedMessage = MessageFields.pick({
  role: true,
  content: true,
  citations: true,
  searchQueries: true,
  model: true,
  createdAt: true,
})
  .extend({
    status: z.enum(["completed", "cancelled"]),
    attachments: z
      .array(z.object({ name: z.string(), type: z.string().nullable(), bytes: z.number().int().nullable() }))
      .describe("What was attached, without its content."),
  })
  .meta({ id: "SharedMessage" })

export const SharedConversation = z
  .object({
    title: z.string().meta({ examples: ["My First Chat"] }),
    createdAt: Time.describe("When the snapshot was taken."),
    messageCount: z.number().int(),
    messages: z.array(SharedMessage).describe("Oldest first."),
  })
  .meta({ id: "SharedConversation" })

export const ReportedShare = z.strictObject({
  url: z
    .string()
    .min(1)
    .max(2_000)
    .describe("The link, or its token.")
    .meta({ examples: [EXAMPLE] }),
})
export type ReportedShare = z.infer<typeof ReportedShare>

export const WithdrawnShare = z.object({ id: Id, userId: Id.describe("Who had shared it.") })

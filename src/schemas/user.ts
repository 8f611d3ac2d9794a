import { z } from "zod"
import { Id, Time, trimmedText } from "./common.ts"

export const UserName = trimmedText(1, 100).meta({ examples: ["Ada"] })

const mobileNumber = z.string().meta({ description: "E.164.", examples: ["+11234567890"] })
const name = z
  .string()
  .nullable()
  .meta({ examples: ["Ada"] })

/** A user to be: what a sign-up has sent. */
export const SignedUpUser = z.object({ mobileNumber, name })

export const User = z
  .object({
    id: Id,
    mobileNumber,
    name,
    tier: z.enum(["basic", "pro"]),
    hasPassword: z.boolean(),
    createdAt: Time,
  })
  .meta({ id: "User" })
export type User = z.infer<typeof User>

export const UserChange = z.strictObject({ name: UserName.nullable() })
export type UserChange = z.infer<typeof UserChange>

export const Deleting = z.object({ status: z.literal("deleting") })

/** An export contains every column; the contract specifies only its outline. */
export const Export = z
  .object({
    exportedAt: Time,
    user: User,
    sessions: z.array(z.record(z.string(), z.unknown())),
    usage: z.array(
      z.object({
        day: z.iso.date(),
        prompts: z.number().int(),
        webSearch: z.number().int().describe("Replies that searched the web."),
        urlContext: z.number().int().describe("Replies that read pages."),
      }),
    ),
    modelUsage: z.array(z.record(z.string(), z.unknown())),
    subscriptions: z.array(z.record(z.string(), z.unknown())),
    entitlements: z.array(z.record(z.string(), z.unknown())),
    shares: z.array(z.looseObject({ chatroomId: Id })),
    imports: z
      .array(z.looseObject({ id: Id, status: z.string() }))
      .describe("Imports of the last day; what they brought is in `chatrooms`."),
    attachments: z
      .array(z.looseObject({ id: Id, name: z.string(), content: z.string() }))
      .describe("Your files, without their bytes; `content` is the path to download one from."),
    summaries: z.array(z.object({ chatroomId: Id, messageId: Id, content: z.string(), createdAt: Time })),
    chatrooms: z.array(
      z.looseObject({ id: Id, name: z.string(), messages: z.array(z.looseObject({ id: Id })) }),
    ),
  })
  .meta({ id: "Export" })

import { z } from "zod"
import { Id } from "./common.ts"

const Count = z.number().int().min(1).optional()

export const Attachment = z
  .object({
    id: Id,
    name: z
      .string()
      .describe("The name that it came with, without a path and what can't be seen.")
      .meta({ examples: ["holiday.jpg"] }),
    type: z
      .string()
      .describe("By its content; of text by the ending of its name.")
      .meta({ examples: ["image/jpeg"] }),
    bytes: z
      .number()
      .int()
      .meta({ examples: [20_480] }),
    width: Count.describe("Of an image, in pixels.").meta({ examples: [640] }),
    height: Count.describe("Of an image, in pixels.").meta({ examples: [480] }),
    pages: Count.describe("Of a PDF, where they could be counted."),
  })
  .meta({
    id: "Attachment",
    examples: [
      {
        id: "01a20380-35df-77b7-a96a-565deb07f9f4",
        name: "holiday.jpg",
        type: "image/jpeg",
        bytes: 20_480,
        width: 640,
        height: 480,
      },
    ],
  })

/** What a message shows of its files: of one that isn't kept here, as in an imported chatroom, the name alone. */
export const MessageAttachment = z
  .object({
    ...Attachment.shape,
    id: Id.nullable().describe("`null` where the file itself isn't kept, as after an import."),
    type: z.string().nullable(),
    bytes: z.number().int().nullable(),
  })
  .meta({ id: "MessageAttachment" })

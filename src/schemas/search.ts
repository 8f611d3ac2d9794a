import { z } from "zod"
import { Chatroom, Message } from "./chat.ts"
import { PageQuery, text } from "./common.ts"

export const SearchQuery = PageQuery.extend({
  // Not trimmed: a space at the end says that the last word is finished.
  q: text(1, 200)
    .regex(/\S/, "must not be only white space")
    .meta({
      description:
        'Words that a text must all have, `"words in quotes"` as they stand, beginnings of words (`begin*`). The last word is one, too, unless a space follows it.',
      examples: ["meeting notes"],
    }),
})
export type SearchQuery = z.infer<typeof SearchQuery>

const Offset = z.number().int()

export const SearchResult = z
  .object({
    room: Chatroom,
    message: Message.nullable().describe("`null` where the name of the chatroom was found."),
    excerpt: z
      .object({
        text: z.string().meta({ examples: ["Hello! I am fine."] }),
        start: Offset.meta({ description: "Where the excerpt begins in the whole text.", examples: [0] }),
        matches: z.array(z.object({ start: Offset, end: Offset })).meta({
          description: "The parts of `text` that match, each from `start` up to `end`.",
          examples: [[{ start: 0, end: 5 }]],
        }),
      })
      .describe("A piece of the text that shows what was found. Offsets are in UTF-16 code units."),
  })
  .meta({ id: "SearchResult" })

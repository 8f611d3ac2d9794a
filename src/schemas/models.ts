import { z } from "zod"

const Tokens = z.number().int().nullable()

export const Model = z
  .object({
    id: z
      .string()
      .describe("What a chatroom's `model` may be.")
      .meta({ examples: ["gemini-3.8-flash"] }),
    name: z.string().meta({ examples: ["Gemini 3.8 Flash"] }),
    tier: z.enum(["basic", "pro"]).describe("The tier that the model needs."),
    inputTokens: Tokens.describe("The most that a call may have, or `null` if unknown.").meta({
      examples: [1_048_576],
    }),
    outputTokens: Tokens.describe("The most that a reply may have, or `null` if unknown.").meta({
      examples: [65_536],
    }),
    thinking: z
      .array(z.enum(["low", "medium", "high"]))
      .describe("The levels of thinking that may be chosen.")
      .meta({ examples: [["low", "medium", "high"]] }),
    tools: z
      .array(z.enum(["webSearch", "urlContext"]))
      .describe("The settings of a chatroom that the model can follow.")
      .meta({ examples: [["webSearch", "urlContext"]] }),
    attachments: z
      .array(z.string())
      .describe("The types of files that the model reads.")
      .meta({ examples: [["image/png", "application/pdf", "text/plain"]] }),
    default: z.boolean().describe("Whether it replies in chatrooms that don't choose a model."),
  })
  .meta({ id: "Model" })

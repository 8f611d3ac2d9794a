import { z } from "zod"
import { withoutDirectives } from "./directives.ts"
import { type GenerateRequest, promptText, tokensIn } from "./request.ts"

export const PURPOSES = ["reply", "title", "summary"] as const

/** What a call is for. Clients ask for titles and summaries as for any reply; their instruction tells. */
export type Purpose = (typeof PURPOSES)[number]

/** The beginning of a conversation that a title is for. */
const Exchange = z.strictObject({ prompt: z.string(), reply: z.string() })

/** What a summary is made of: one of what was before, and the turns since. */
const Turns = z.strictObject({
  summary: z.string().nullable(),
  turns: z.array(z.strictObject({ role: z.enum(["user", "model"]), text: z.string() })).min(1),
})

const ASKS = { title: /\btitle for a conversation\b/i, summary: /\bsummary of a conversation\b/i }

/** A call that isn't for a reply, and what it is made of. */
export type Task =
  | { purpose: "title"; exchange: z.infer<typeof Exchange> }
  | { purpose: "summary"; conversation: z.infer<typeof Turns> }

/** Reads what a call asks for; null where that is a reply, whatever its instruction says. */
export function taskOf(request: GenerateRequest): Task | null {
  const instruction = (request.systemInstruction?.parts ?? []).map(({ text }) => text ?? "").join("\n")
  const data = parse(promptText(request))
  const exchange = ASKS.title.test(instruction) ? Exchange.safeParse(data).data : undefined
  if (exchange) return { purpose: "title", exchange }
  const conversation = ASKS.summary.test(instruction) ? Turns.safeParse(data).data : undefined
  return conversation ? { purpose: "summary", conversation } : null
}

/** What users and models wrote in a task's data; directives for the task stand there. */
export function textOfTask(task: Task): string {
  return task.purpose === "title"
    ? task.exchange.prompt
    : task.conversation.turns.map(({ text }) => text).join("\n")
}

/** A title or a summary, made of the words that it is about: so it is in their language. */
export function composeTask(task: Task): string {
  return task.purpose === "title" ? composeTitle(task.exchange.prompt) : composeSummary(task.conversation)
}

const TITLE_WORDS = 5
const TITLE_LETTERS = 24

function composeTitle(prompt: string): string {
  const spoken = speak(prompt)
  const words = spoken.match(/[\p{L}\p{N}][^\s"“”«»]*/gu) ?? []
  const title = [...words.slice(0, TITLE_WORDS).join(" ")].slice(0, TITLE_LETTERS * 2).join("")
  // A language without spaces has one long word.
  const short = words.length === 1 ? [...title].slice(0, TITLE_LETTERS).join("") : title
  return short.replace(/[\p{P}\s]+$/u, "").replace(/^./u, (letter) => letter.toUpperCase()) || "Untitled"
}

const SUMMARY_TOKENS = 400
const TURN_LETTERS = 80

/** The old summary first, then how each turn began; of too many the last ones. */
function composeSummary({ summary, turns }: z.infer<typeof Turns>): string {
  const lines = turns.map(
    ({ role, text }) => `- ${role}: ${[...speak(text)].slice(0, TURN_LETTERS).join("")}`,
  )
  const all = [...(summary ?? "").split("\n").filter(Boolean), ...lines]
  while (all.length > 1 && tokensIn(all.join("\n")) > SUMMARY_TOKENS) all.shift()
  return all.join("\n")
}

const speak = (text: string) => withoutDirectives(text).replace(/\s+/g, " ").trim()

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

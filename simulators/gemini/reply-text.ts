import { createHash } from "node:crypto"
import { groundingLines, groundingOf } from "./grounding.ts"
import { describeMedia, type Medium } from "./media.ts"
import { type GenerateRequest, lastTurn, spokenText } from "./request.ts"

const QUOTE_LENGTH = 120

const SENTENCES = [
  "A café in São Paulo would serve this answer with a smile ☕.",
  "First, look at **what was asked**, then at what was meant.",
  "The naïve approach works surprisingly often, and `it depends` covers the rest.",
  "Blue light is scattered more than red light, which is why the sky looks *blue* 🌤️.",
  "Zürich, Kraków and Αθήνα all agree on this point.",
  "日本語のテキストも、そのまま届きます。",
  "Measure before you optimise; guess only when measuring costs more 📏.",
  "The résumé of the matter: small steps, clear names, honest errors.",
  "A queue remembers what a process forgets 🗃️.",
  "Есть и другие языки, и они тоже важны.",
  "If two things change together, keep them together.",
  "Nothing here was thought by a model; every word was chosen by a hash 🤖.",
  "Œuvres and façades need their accents, and so does this sentence.",
  "Write it down, read it again tomorrow, and delete half of it ✂️.",
  "The family emoji 👩‍👩‍👧‍👦 is one glyph made of seven code points.",
  "Ask again, and the same question will get the same answer.",
]

type ReplyOptions = { words?: number; variant?: number; searches?: number; media?: readonly Medium[] }

/**
 * The text of a simulated reply: the same for the same request, it says that it is simulated, quotes the
 * prompt and says how many earlier turns came with it. With `words`, it has exactly that many words. Variants differ
 * from the first line on, so that a text mixed from two of them differs from both.
 */
export function composeReply(
  model: string,
  request: GenerateRequest,
  { words, variant, searches, media = [] }: ReplyOptions = {},
): string {
  const seed = variant === undefined ? hashOf(model, request) : hashOf(model, request, variant)
  const opening = [introduction(model, variant), conversation(request, media, searches)].join("\n\n")
  if (words === undefined) return `${opening}\n\n${body(seed)}`
  return firstWords(`${opening}\n\n${filler(seed, words)}`, words)
}

/** What comes of a text after that which was said of it; of another text, how any text can go on. */
export function restOf(text: string, said: string): string {
  const rest = text.startsWith(said) ? text.slice(said.length) : ""
  return rest.trim() === "" ? " And that is where this simulated reply ends." : rest
}

const THOUGHTS = [
  ["Reading the question", "so I pretend to think"],
  ["Weighing an answer", "and I pretend to weigh what to say 🤔"],
  ["Choosing the words", "and I choose them by a hash"],
] as const

/** The summary of the thought with this number, sent when the request asks for thoughts. */
export function composeThought(request: GenerateRequest, at: number): string {
  const [title, what] = THOUGHTS[at % THOUGHTS.length] as (typeof THOUGHTS)[number]
  return `**${title}**\n\nThe user wrote “${quote(lastTurn(request))}”, ${what}.\n\n`
}

/**
 * Cuts a text into chunks the way the API does: a short first one, then several words each. With `count`,
 * into that many of even size. The chunks joined are the text.
 */
export function chunkText(text: string, count?: number): string[] {
  const words = wordsIn(text)
  if (count === undefined) return growingChunks(words)
  return evenChunks(words.length >= count ? words : [...text], count)
}

/** The words of a text with the space before each; joined they are the text. */
export function wordsIn(text: string): string[] {
  return text.match(/\s*\S{1,48}(\s+$)?/gu) ?? (text ? [text] : [])
}

/** A number that depends on nothing but the request. */
export function hashOf(...of: unknown[]): number {
  return createHash("sha256").update(JSON.stringify(of)).digest().readUInt32BE()
}

function introduction(model: string, variant?: number): string {
  return `**Simulated reply${variant === undefined ? "" : ` ${variant + 1}`}** from \`${model}\` ✨`
}

function conversation(request: GenerateRequest, media: readonly Medium[], searches?: number): string {
  const earlier = request.contents.slice(0, -1)
  const lines = [`You wrote: “${quote(lastTurn(request))}”.`, `Earlier turns sent: ${earlier.length}.`]
  const first = earlier[0]
  if (first) lines.push(`The conversation began with “${quote(spokenText(first))}”.`)
  if (media.length) lines.push(describeMedia(media))
  return [...lines, ...groundingLines(groundingOf(request, { searches }))].join(" ")
}

function body(seed: number): string {
  const [a, b, c, d, e] = pick(seed, 5)
  return `Here’s a short answer:\n\n- ${a}\n- ${b}\n- ${c}\n\n\`\`\`ts\nconst answer = ${seed % 1000} // déjà vu\n\`\`\`\n\n${d} ${e}\n`
}

function filler(seed: number, words: number): string {
  return pick(seed, Math.ceil(words / 4)).join(" ")
}

function pick(seed: number, count: number): string[] {
  return Array.from({ length: count }, (_, at) => SENTENCES[(seed + at * 7) % SENTENCES.length] ?? "")
}

function firstWords(text: string, words: number): string {
  return (text.match(/\s*\S+/gu) ?? []).slice(0, words).join("")
}

function quote(text: string): string {
  const letters = [...text]
  return letters.length > QUOTE_LENGTH ? `${letters.slice(0, QUOTE_LENGTH).join("")}…` : text
}

function growingChunks(words: string[]): string[] {
  const chunks: string[] = []
  for (let at = 0, size = 1; at < words.length; at += size, size = Math.min(size + 3, 14)) {
    chunks.push(words.slice(at, at + size).join(""))
  }
  return chunks
}

function evenChunks(pieces: string[], count: number): string[] {
  const chunks = Array.from({ length: count }, (_, at) => {
    const from = Math.floor((at * pieces.length) / count)
    return pieces.slice(from, Math.floor(((at + 1) * pieces.length) / count)).join("")
  })
  return chunks.filter((chunk) => chunk !== "")
}

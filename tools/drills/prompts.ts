import type { Random } from "../lib/random.ts"

/**
 * What is to become of a prompt. `plain`: a reply. `cut`: the provider breaks off once, the next attempt replies.
 * `stalled`: the provider falls silent once, the next attempt replies. `short`: the reply
 * has reached its limit, with text. `blocked`: the provider refuses, and the quota unit is given back.
 */
export type Kind = "plain" | "cut" | "stalled" | "short" | "blocked"

/** How probable each kind is; the rest is plain. */
export type Mix = Partial<Record<Kind, number>>

const USUAL: Mix = { cut: 0.08, blocked: 0.08 }

export interface PromptOptions {
  mix?: Mix
  /** How many chunks, and how far apart in ms; both at random by default. */
  chunks?: number
  delayMs?: number
  words?: number
}

export interface Prompt {
  kind: Kind
  text: string
  /** In how many chunks the simulator sends the reply. */
  chunks: number
}

const WORDS = ["why", "naïve", "日本語", "🗃️", "queue", "Straße", "👩‍👩‍👧‍👦", "fox", "ответ", "٣", "sky", "é"]

/** A prompt like no other, in number and text, with a reply of 0.2 to 2.4 s. */
export function writePrompt(random: Random, label: string, options: PromptOptions = {}): Prompt {
  const { mix = USUAL, chunks = random.int(4, 20), delayMs = random.int(50, 120) } = options
  const words = Array.from({ length: random.int(3, 12) }, () => random.pick(WORDS)).join(" ")
  const kind = draw(random, mix)
  const length = options.words ? ` words=${options.words}` : ""
  // What goes on with a short reply is the rest of the same text.
  const varies = kind === "short" ? "" : "vary "
  const pace = `[[gemini: ${varies}chunks=${chunks}${length} delay=${delayMs}]]`
  const fault = {
    plain: "",
    cut: ` [[gemini: cut after=${random.int(0, 5)} times=1]]`,
    stalled: ` [[gemini: stall after=${random.int(0, 3)} times=1]]`,
    short: ` [[gemini: max-tokens after=${random.int(1, 3)} times=1]]`,
    blocked: " [[gemini: blocked]]",
  }
  return { kind, chunks, text: `${pace}${fault[kind]} ${label}: ${words}` }
}

function draw(random: Random, mix: Mix): Kind {
  let drawn = random.next()
  for (const kind of ["cut", "stalled", "short", "blocked"] as const) {
    drawn -= mix[kind] ?? 0
    if (drawn < 0) return kind
  }
  return "plain"
}

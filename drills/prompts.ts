import type { Random } from "./random.ts"

/**
 * What is to become of a prompt. `plain`: a reply. `cut`: the provider breaks off once, the next attempt replies.
 * `blocked`: the provider refuses, and the quota unit is given back.
 */
export type Kind = "plain" | "cut" | "blocked"

export interface Prompt {
  kind: Kind
  text: string
  /** In how many chunks the simulator sends the reply. */
  chunks: number
}

const WORDS = ["why", "naïve", "日本語", "🗃️", "queue", "Straße", "👩‍👩‍👧‍👦", "fox", "ответ", "٣", "sky", "é"]

/** A prompt like no other, in number and text, with a reply of 0.2 to 2.4 s. */
export function writePrompt(random: Random, label: string): Prompt {
  const chunks = random.int(4, 20)
  const delay = random.int(50, 120)
  const words = Array.from({ length: random.int(3, 12) }, () => random.pick(WORDS)).join(" ")
  const draw = random.next()
  const kind = draw < 0.08 ? "cut" : draw < 0.16 ? "blocked" : "plain"
  const pace = `[[gemini: chunks=${chunks} delay=${delay}]]`
  const fault = {
    plain: "",
    cut: ` [[gemini: cut after=${random.int(0, 5)} times=1]]`,
    blocked: " [[gemini: blocked]]",
  }
  return { kind, chunks, text: `${pace}${fault[kind]} ${label}: ${words}` }
}

import { z } from "zod"
import { invalid, Refused } from "./errors.ts"
import { FAULTS, type Fault } from "./injected-faults.ts"
import type { Purpose } from "./purpose.ts"

const MAX_WORDS = 100_000
const MAX_DELAY_MS = 3_600_000

const count = z.coerce.number().int().min(0)

/** What a call is asked to do out of the ordinary. `delayMs` is the pause before each chunk. */
export const Behaviour = z
  .strictObject({
    fault: z.enum(FAULTS),
    after: count,
    times: count.min(1),
    delayMs: count.max(MAX_DELAY_MS),
    thinkMs: count.max(MAX_DELAY_MS),
    thoughts: count.max(1_000),
    searches: count.max(100),
    words: count.min(1).max(MAX_WORDS),
    chunks: count.min(1).max(MAX_WORDS),
    bytes: count.min(1),
    code: count.min(400).max(599),
    reason: z.string().min(1),
    retryDelay: z.string().regex(/^(none|\d+(\.\d+)?s)$/),
    echo: z.string(),
    echoRest: z.boolean(),
    split: z.boolean(),
    drip: z.boolean(),
    alone: z.boolean(),
    stopEveryChunk: z.boolean(),
    vary: z.boolean(),
  })
  .partial()

export type Behaviour = z.infer<typeof Behaviour>

/** What applies to one call. `variant`: of the texts that the same prompt gets, one for each call. */
export type Resolved = Behaviour & { variant?: number }

const OPTIONS = [
  "after",
  "times",
  "delay",
  "think",
  "thoughts",
  "searches",
  "words",
  "chunks",
  "bytes",
  "code",
  "reason",
  "retry",
  "echo",
]
const FLAGS = ["split", "drip", "alone", "echo", "stop-every-chunk", "vary"]

/** What options and flags set, where that has another name. */
const OPTION_FIELDS: Record<string, keyof Behaviour> = {
  delay: "delayMs",
  think: "thinkMs",
  retry: "retryDelay",
}
const FLAG_FIELDS: Record<string, keyof Behaviour> = {
  echo: "echoRest",
  "stop-every-chunk": "stopEveryChunk",
}

const QUOTED = String.raw`"(?:[^"\\]|\\.)*"`
const DIRECTIVE = new RegExp(
  String.raw`\[\[gemini(?:-(?<purpose>title|summary))?:(?<inside>(?:${QUOTED}|(?!\]\])[^"])*)\]\]`,
  "g",
)
const WORD = new RegExp(String.raw`([a-z-]+)(?:=(${QUOTED}|\S+))?(?=\s|$)\s*`, "y")

/** Thrown for a directive that can't be understood; a typing error in a test should be loud. */
export class DirectiveError extends Refused {
  constructor(message: string, options?: ErrorOptions) {
    super(invalid(message).failure, options)
  }
}

/** The directives for calls of one purpose that are written into a text, in their order. Throws `DirectiveError`. */
export function directivesIn(prompt: string, purpose: Purpose = "reply"): Behaviour[] {
  const matches = [...prompt.matchAll(DIRECTIVE)]
  const meant = matches.filter(({ groups }) => (groups?.purpose ?? "reply") === purpose)
  return meant.map((match) => {
    const { echoRest, ...behaviour } = parseDirective(match.groups?.inside ?? "")
    if (!echoRest) return behaviour
    return { ...behaviour, echo: withoutDirectives(prompt.slice(match.index)) }
  })
}

/** The text with its directives taken out; all else stays as it is. */
export function withoutDirectives(text: string): string {
  return text.replace(DIRECTIVE, "")
}

/** Reads the inside of one directive, such as `stall after=3`. Throws `DirectiveError`. */
export function parseDirective(text: string): Behaviour {
  const raw: Record<string, unknown> = {}
  for (const [word, value] of wordsOf(text.trim())) Object.assign(raw, meaningOf(word, value))
  const parsed = Behaviour.safeParse(raw)
  if (parsed.success) return parsed.data
  throw new DirectiveError(`Directive "${text.trim()}": ${z.prettifyError(parsed.error)}`)
}

/**
 * What applies to a call, given how often the same prompt came before. Options without a fault always
 * apply; faults take turns: one with `times` holds for that many calls, then the next one does.
 */
export function resolveDirectives(directives: Behaviour[], earlierCalls: number): Resolved {
  const chosen: Resolved = {}
  let turn = earlierCalls
  for (const { times, ...directive } of directives) {
    if (directive.fault === undefined) {
      if (times === undefined || earlierCalls < times) Object.assign(chosen, directive)
    } else if (chosen.fault === undefined) {
      if (times === undefined || turn < times) Object.assign(chosen, directive)
      else turn -= times
    }
  }
  return chosen.vary ? { ...chosen, variant: earlierCalls } : chosen
}

function* wordsOf(text: string): Generator<[word: string, value: string | undefined]> {
  WORD.lastIndex = 0
  while (WORD.lastIndex < text.length) {
    const at = WORD.lastIndex
    const match = WORD.exec(text)
    if (!match?.[1]) throw new DirectiveError(`Directive "${text}": can't read "${text.slice(at)}"`)
    yield [match[1], match[2]]
  }
}

function meaningOf(word: string, value: string | undefined): Record<string, unknown> {
  if (value !== undefined) {
    if (OPTIONS.includes(word)) return { [OPTION_FIELDS[word] ?? word]: unquote(value) }
    throw new DirectiveError(`Unknown option "${word}"; known: ${OPTIONS.join(", ")}`)
  }
  if (FLAGS.includes(word)) return { [FLAG_FIELDS[word] ?? word]: true }
  if (FAULTS.includes(word as Fault)) return { fault: word }
  throw new DirectiveError(`Unknown fault "${word}"; known: ${[...FAULTS, ...FLAGS].join(", ")}`)
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value
  try {
    return JSON.parse(value.replaceAll("\n", "\\n"))
  } catch (cause) {
    throw new DirectiveError(`Not a JSON string: ${value}`, { cause })
  }
}

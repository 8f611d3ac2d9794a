import { z } from "zod"
import { type Behaviour, DirectiveError, parseDirective } from "./directives.ts"
import type { Method } from "./route.ts"

const GENERATES: Method[] = ["generateContent", "streamGenerateContent"]

/** Which calls an entry is for; without `method`, generate calls, streamed or not. */
const Match = {
  text: z.string().optional(),
  model: z.string().optional(),
  method: z
    .enum(["generateContent", "streamGenerateContent", "countTokens", "getModel", "listModels"])
    .optional(),
  calls: z.union([z.int().min(1), z.literal("all")]).optional(),
}

/** A behaviour for the next calls that match, written as the inside of a directive. */
export const ScriptEntry = z.strictObject({ directive: z.string(), ...Match })

/** A recorded body for the next calls that match. `sizes` are the write sizes it's cut into, in turn. */
export const ReplayEntry = z.strictObject({
  body: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  contentType: z.string().default("text/event-stream"),
  status: z.int().min(200).max(599).default(200),
  sizes: z.array(z.int().min(1)).min(1).optional(),
  ending: z.enum(["end", "cut", "stall"]).default("end"),
  ...Match,
})

export type ScriptEntry = z.input<typeof ScriptEntry>
export type ReplayEntry = z.input<typeof ReplayEntry>
export type Replay = z.output<typeof ReplayEntry>

/** What an entry makes of a call. */
export type Cue = { behaviour: Behaviour } | { replay: Replay }

type Waiting = { text?: string; model?: string; method?: Method; left: number; cue: Cue }
type Asked = { method: Method; model: string; prompt: string }

/** The queue of what was scripted: the first entry that matches a call is used, and used up. */
export class Script {
  #waiting: Waiting[] = []

  /** Queues behaviours. Throws `ZodError` or `DirectiveError`, and then queues none of them. */
  add(entries: ScriptEntry[]) {
    this.#waiting.push(...entries.map((entry) => waitingBehaviour(ScriptEntry.parse(entry))))
  }

  /** Queues a recorded body. Throws `ZodError`. */
  addReplay(entry: ReplayEntry) {
    const replay = ReplayEntry.parse(entry)
    this.#waiting.push({ ...replay, left: limitOf(replay.calls), cue: { replay } })
  }

  /** Takes the cue for a call, if there is one. */
  take(asked: Asked): Cue | undefined {
    const entry = this.#waiting.find((waiting) => matches(waiting, asked))
    if (!entry) return undefined
    entry.left -= 1
    if (entry.left === 0) this.#waiting.splice(this.#waiting.indexOf(entry), 1)
    return entry.cue
  }

  get length(): number {
    return this.#waiting.length
  }

  clear() {
    this.#waiting = []
  }
}

function waitingBehaviour({ directive, calls, ...match }: z.output<typeof ScriptEntry>): Waiting {
  const { times, ...behaviour } = parseDirective(directive)
  if (calls !== undefined && times !== undefined) {
    throw new DirectiveError("Give either calls or times, not both")
  }
  return { ...match, left: limitOf(calls ?? times), cue: { behaviour } }
}

function limitOf(calls: number | "all" = 1): number {
  return calls === "all" ? Number.POSITIVE_INFINITY : calls
}

function matches(entry: Waiting, { method, model, prompt }: Asked): boolean {
  if (entry.method ? entry.method !== method : !GENERATES.includes(method)) return false
  if (entry.model !== undefined && entry.model !== model) return false
  return entry.text === undefined || prompt.includes(entry.text)
}

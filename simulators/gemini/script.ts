import { z } from "zod"
import { ScriptQueue } from "../shared/script.ts"
import { type Behaviour, DirectiveError, parseDirective } from "./directives.ts"
import { PURPOSES, type Purpose } from "./purpose.ts"
import { METHODS, type Method } from "./route.ts"

const GENERATES: Method[] = ["generateContent", "streamGenerateContent"]

/** Which calls an entry is for; without `method`, generate calls, streamed or not, and without `purpose` those for replies. */
const Match = {
  text: z.string().optional(),
  model: z.string().optional(),
  method: z.enum(METHODS).optional(),
  purpose: z.enum(PURPOSES).default("reply"),
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

type Asked = { method: Method; model: string; prompt: string; purpose: Purpose }

/** The queue of what was scripted for the next calls. */
export class Script {
  readonly #queue = new ScriptQueue<Cue, Asked>()

  /** Queues behaviours. Throws `ZodError` or `DirectiveError`, and then queues none of them. */
  add(entries: ScriptEntry[]) {
    const read = entries.map((entry) => {
      const { directive, calls, ...match } = ScriptEntry.parse(entry)
      const { times, ...behaviour } = parseDirective(directive)
      if (calls !== undefined && times !== undefined) {
        throw new DirectiveError("Give either calls or times, not both")
      }
      return { behaviour, calls: calls ?? times ?? 1, match }
    })
    for (const { behaviour, calls, match } of read) {
      this.#queue.add({ behaviour }, calls, (asked) => matches(match, asked))
    }
  }

  /** Queues a recorded body. Throws `ZodError`. */
  addReplay(entry: ReplayEntry) {
    const replay = ReplayEntry.parse(entry)
    this.#queue.add({ replay }, replay.calls ?? 1, (asked) => matches(replay, asked))
  }

  /** Takes the cue for a call, if there is one. */
  take(asked: Asked): Cue | undefined {
    return this.#queue.take(asked)
  }

  get length(): number {
    return this.#queue.length
  }

  clear() {
    this.#queue.clear()
  }
}

function matches(
  entry: Partial<Omit<Asked, "prompt">> & { text?: string },
  { method, model, prompt, purpose }: Asked,
): boolean {
  if (entry.method ? entry.method !== method : !GENERATES.includes(method)) return false
  if (entry.purpose !== purpose) return false
  if (entry.model !== undefined && entry.model !== model) return false
  return entry.text === undefined || prompt.includes(entry.text)
}

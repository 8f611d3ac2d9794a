import { CallLog } from "./calls.ts"
import { Script } from "./script.ts"

/** Prompts whose calls are counted for `times=N`; the oldest is forgotten beyond this many. */
const MAX_PROMPTS = 10_000

/** All that a running simulator remembers. */
export class State {
  readonly calls = new CallLog()
  readonly script = new Script()
  readonly chunkDelayMs: number
  /** Set once the simulator itself ends connections, which then aren't the clients' doing. */
  closing = false
  readonly #asked = new Map<string, number>()

  constructor(chunkDelayMs: number) {
    this.chunkDelayMs = chunkDelayMs
  }

  /** Counts a prompt, and tells how often the same text came before. */
  countPrompt(prompt: string): number {
    const earlier = this.#asked.get(prompt) ?? 0
    this.#asked.delete(prompt)
    this.#asked.set(prompt, earlier + 1)
    const [oldest] = this.#asked.keys()
    if (this.#asked.size > MAX_PROMPTS && oldest !== undefined) this.#asked.delete(oldest)
    return earlier
  }

  /** Forgets calls, script and counts. */
  reset() {
    this.calls.clear()
    this.script.clear()
    this.#asked.clear()
  }
}

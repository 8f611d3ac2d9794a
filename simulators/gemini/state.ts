import { RecentLog, setRecent } from "../shared/recent.ts"
import { Books } from "./books.ts"
import type { Call } from "./calls.ts"
import { Files } from "./files.ts"
import { PrefixCache } from "./prefix-cache.ts"
import { Script } from "./script.ts"

/** All that a running simulator remembers. */
export class State {
  readonly calls: RecentLog<Call>
  readonly script = new Script()
  readonly files = new Files()
  readonly prefixes = new PrefixCache()
  /** What all calls are billed for. */
  readonly books = new Books()
  readonly chunkDelayMs: number
  /** Set once the simulator itself ends connections, which then aren't the clients' doing. */
  closing = false
  #lastCallId = 0
  #gate = Promise.withResolvers<void>()
  /** How often each prompt came, for `times=N`. */
  readonly #prompts = new Map<string, number>()

  constructor({ chunkDelayMs, keptCalls }: { chunkDelayMs: number; keptCalls: number | undefined }) {
    this.chunkDelayMs = chunkDelayMs
    this.calls = new RecentLog(keptCalls)
  }

  nextCallId(): number {
    this.#lastCallId += 1
    return this.#lastCallId
  }

  /** Resolves at the next `release`. */
  get released(): Promise<void> {
    return this.#gate.promise
  }

  /** Lets the streams of all calls so far that stall go on. */
  release(): void {
    this.#gate.resolve()
    this.#gate = Promise.withResolvers()
  }

  /** Counts a prompt and returns how often the same text came before. */
  countPrompt(prompt: string): number {
    const earlier = this.#prompts.get(prompt) ?? 0
    setRecent(this.#prompts, prompt, earlier + 1)
    return earlier
  }

  /** Drops calls, script, books and counts. */
  reset() {
    this.calls.clear()
    this.script.clear()
    this.files.clear()
    this.prefixes.clear()
    this.books.clear()
    this.#prompts.clear()
  }
}

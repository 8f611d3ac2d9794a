import type { Frame } from "./wire.ts"

/** What a model is billed for. */
export type Account = {
  /** Calls that were told any use. */
  calls: number
  promptTokens: number
  cachedTokens: number
  outputTokens: number
  thoughtTokens: number
  toolTokens: number
  searchQueries: number
}

/** What a frame tells of the use of its call: a running total. */
export type Usage = Omit<Account, "calls">

/** Adds up what calls used, by model, as far as it was sent: a call that is cut off pays for what came before. */
export class Books {
  readonly #accounts = new Map<string, Account>()

  /** Enters a call's use, of which `before` is entered already. */
  enter(model: string, usage: Usage, before: Usage | null) {
    const account = this.#accounts.get(model) ?? { ...NOTHING, calls: 0 }
    this.#accounts.set(model, account)
    if (!before) account.calls += 1
    for (const name of Object.keys(NOTHING) as Array<keyof Usage>) {
      account[name] += usage[name] - (before?.[name] ?? 0)
    }
  }

  get all(): Record<string, Account> {
    return Object.fromEntries([...this.#accounts].map(([model, account]) => [model, { ...account }]))
  }

  clear() {
    this.#accounts.clear()
  }
}

const NOTHING: Usage = {
  promptTokens: 0,
  cachedTokens: 0,
  outputTokens: 0,
  thoughtTokens: 0,
  toolTokens: 0,
  searchQueries: 0,
}

/** Reads the use that a frame tells; what it leaves out is as it was `before`. */
export function usageOf({ usageMetadata, candidates }: Frame, before: Usage | null): Usage {
  const count = (name: string, known = 0) => Number(usageMetadata[name] ?? known)
  const grounding = (candidates?.[0] as Grounded | undefined)?.groundingMetadata
  return {
    promptTokens: count("promptTokenCount", before?.promptTokens),
    cachedTokens: count("cachedContentTokenCount", before?.cachedTokens),
    outputTokens: count("candidatesTokenCount", before?.outputTokens),
    thoughtTokens: count("thoughtsTokenCount", before?.thoughtTokens),
    toolTokens: count("toolUsePromptTokenCount", before?.toolTokens),
    searchQueries: grounding?.webSearchQueries?.length ?? before?.searchQueries ?? 0,
  }
}

type Grounded = { groundingMetadata?: { webSearchQueries?: string[] } }

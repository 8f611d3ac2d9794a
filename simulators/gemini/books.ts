import { createHash, type Hash } from "node:crypto"
import type { Call } from "./calls.ts"
import { charge } from "./prices.ts"
import type { Frame } from "./wire.ts"

/** What a model is billed for. */
export type Account = Usage & {
  /** Calls that were told any use. */
  calls: number
  /** In picodollars; null for a model without a price. */
  cost: number | null
}

/** What a frame tells of the use of its call: a running total. */
export type Usage = {
  promptTokens: number
  cachedTokens: number
  outputTokens: number
  thoughtTokens: number
  toolTokens: number
  /** Of the tools' tokens, those of pages: search results aren't billed. */
  pageTokens: number
  searchQueries: number
}

/** Adds up what calls used, by model, as far as it was sent: a call that is cut off pays for what came before. */
export class Books {
  readonly #accounts = new Map<string, Account>()
  readonly #texts = new WeakMap<object, Hash>()

  /** Enters what a frame tells of the use of its call, here and on the call's record. */
  enter(call: Pick<Call, "model" | "startedAt" | "usage" | "told">, frame: Frame) {
    const { model, usage: before } = call
    const usage = usageOf(frame, before)
    const cost = charge(model, new Date(call.startedAt).toISOString().slice(0, 10), usage)
    const account = this.#accounts.get(model) ?? { ...NOTHING, calls: 0, cost: cost === null ? null : 0 }
    this.#accounts.set(model, account)
    if (!before) account.calls += 1
    for (const name of Object.keys(NOTHING) as Array<keyof Usage>) {
      account[name] += usage[name] - (before?.[name] ?? 0)
    }
    if (cost !== null) account.cost = (account.cost ?? 0) + cost - (call.told.at(-1)?.cost ?? 0)
    call.usage = usage
    call.told.push({ ...this.#grow(call, textOf(frame)), cost })
  }

  /** Adds to a call's text. */
  #grow(call: Pick<Call, "told">, piece: string) {
    const hash = this.#texts.get(call) ?? createHash("sha256")
    this.#texts.set(call, hash.update(piece))
    const characters = (call.told.at(-1)?.characters ?? 0) + piece.length
    return { characters, sha256: hash.copy().digest("hex") }
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
  pageTokens: 0,
  searchQueries: 0,
}

/** Returns the entries of calls that were told any use, one each. */
export function bookEntries(calls: readonly Call[]) {
  return calls.flatMap(({ id, model, purpose, startedAt, usage, told, isWhole }) =>
    usage ? [{ id, model, purpose, startedAt, isWhole, ...usage, cost: told.at(-1)?.cost ?? null }] : [],
  )
}

/** What a frame adds to the reply's text. */
function textOf({ candidates }: Frame): string {
  const parts = candidates?.[0]?.content?.parts ?? []
  return parts.map(({ text, thought }) => (thought ? "" : text)).join("")
}

/** Reads the use that a frame tells; what it leaves out is as it was `before`. */
function usageOf({ usageMetadata, candidates }: Frame, before: Usage | null): Usage {
  const count = (name: string, known = 0) => Number(usageMetadata[name] ?? known)
  const { groundingMetadata, urlContextMetadata } = (candidates?.[0] ?? {}) as Tools
  const toolTokens = count("toolUsePromptTokenCount", before?.toolTokens)
  const hasRead = urlContextMetadata?.urlMetadata?.some(
    ({ urlRetrievalStatus }) => urlRetrievalStatus === "URL_RETRIEVAL_STATUS_SUCCESS",
  )
  return {
    promptTokens: count("promptTokenCount", before?.promptTokens),
    cachedTokens: count("cachedContentTokenCount", before?.cachedTokens),
    outputTokens: count("candidatesTokenCount", before?.outputTokens),
    thoughtTokens: count("thoughtsTokenCount", before?.thoughtTokens),
    toolTokens,
    pageTokens: hasRead ? toolTokens : (before?.pageTokens ?? 0),
    searchQueries: groundingMetadata?.webSearchQueries?.length ?? before?.searchQueries ?? 0,
  }
}

type Tools = {
  groundingMetadata?: { webSearchQueries?: string[] }
  urlContextMetadata?: { urlMetadata?: Array<{ urlRetrievalStatus: string }> }
}

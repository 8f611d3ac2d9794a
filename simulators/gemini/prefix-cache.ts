import { createHash } from "node:crypto"
import { setRecent } from "../shared/recent.ts"
import { countTokens, type GenerateRequest } from "./request.ts"

/** https://ai.google.dev/gemini-api/docs/caching, October 2026: below it nothing is cached. */
const MIN_TOKENS = { "gemini-2.5": 2_048, others: 4_096 }

/**
 * Implicit caching: a request that begins as an earlier one of the same model has that beginning's tokens counted as cached.
 * Here every beginning is kept, in parts of contents; Google promises no hit.
 */
export class PrefixCache {
  readonly #seen = new Map<string, true>()

  /** Returns how many of a request's tokens an earlier one began with, and remembers it for the next. */
  read(model: string, request: GenerateRequest): number {
    let hash = model
    let tokens = 0
    let cached = 0
    let isSeen = true
    for (const part of partsOf(request)) {
      hash = createHash("sha256").update(hash).update(JSON.stringify(part)).digest("base64url")
      tokens += tokensOf(part.content)
      isSeen &&= this.#seen.has(hash)
      if (isSeen) cached = tokens
      setRecent(this.#seen, hash, true, MAX_PARTS)
    }
    return cached < leastFor(model) ? 0 : cached
  }

  clear() {
    this.#seen.clear()
  }
}

const MAX_PARTS = 200_000

type Content = GenerateRequest["contents"][number]

/** In the order that a model reads them. */
function* partsOf({ systemInstruction, tools, contents }: GenerateRequest) {
  const system = systemInstruction?.parts ?? []
  for (const part of system)
    yield { role: "system", tools, content: { role: "user" as const, parts: [part] } }
  for (const { role, parts } of contents)
    for (const part of parts) yield { role, tools, content: { role, parts: [part] } }
}

function tokensOf(content: Content): number {
  const { text, image } = countTokens({ contents: [content], generationConfig: {} })
  return text + image
}

function leastFor(model: string): number {
  return model.startsWith("gemini-2.5") ? MIN_TOKENS["gemini-2.5"] : MIN_TOKENS.others
}

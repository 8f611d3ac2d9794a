import type { GenerateContentResponseUsageMetadata } from "@google/genai"

/** Counts of tokens as the provider bills them; null: not known. */
export interface TokenUsage {
  promptTokens: number | null
  /** Of the prompt's, those read from the provider's cache. */
  cachedTokens: number | null
  outputTokens: number | null
  thoughtTokens: number | null
  /** What the provider's tools read, such as pages. */
  toolTokens: number | null
  totalTokens: number | null
}

const FIELDS = {
  promptTokens: "promptTokenCount",
  cachedTokens: "cachedContentTokenCount",
  outputTokens: "candidatesTokenCount",
  thoughtTokens: "thoughtsTokenCount",
  toolTokens: "toolUsePromptTokenCount",
  totalTokens: "totalTokenCount",
} as const satisfies Record<keyof TokenUsage, keyof GenerateContentResponseUsageMetadata>

/** PostgreSQL's `integer`. */
const MAX_COUNT = 2 ** 31 - 1

/**
 * Reads a chunk's counts, which are running totals: one that a chunk leaves out is the last one known.
 * @returns the counts, and the names of those that aren't ones: they are clamped, or null
 */
export function readUsage(
  sent: GenerateContentResponseUsageMetadata,
  before: TokenUsage | null,
): { usage: TokenUsage; odd: string[] } {
  const odd: string[] = []
  const read = (field: keyof TokenUsage): number | null => {
    const value: unknown = sent[FIELDS[field]]
    if (value === undefined || value === null) return before?.[field] ?? null
    const count = typeof value === "string" && value.trim() !== "" ? Number(value) : value
    const isCount = typeof count === "number" && Number.isInteger(count) && count >= 0
    if (!isCount || typeof value !== "number" || count > MAX_COUNT) odd.push(FIELDS[field])
    return isCount ? Math.min(count, MAX_COUNT) : (before?.[field] ?? null)
  }
  const usage: TokenUsage = {
    promptTokens: read("promptTokens"),
    cachedTokens: read("cachedTokens"),
    outputTokens: read("outputTokens"),
    thoughtTokens: read("thoughtTokens"),
    toolTokens: read("toolTokens"),
    totalTokens: read("totalTokens"),
  }
  return { usage, odd }
}

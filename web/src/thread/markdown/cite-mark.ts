import type { TokenizerAndRendererExtension } from "marked"
import { readingOf } from "./lexer.ts"

/** Where a reply has something from. */
export interface Source {
  uri: string
  title: string
  license: string | null
}

/** Marks of sources that stand together. */
export interface Cite {
  type: "cite"
  raw: string
  numbers: number[]
}

/** The marks of `withCites`, in a text that went through it. */
export const cite: TokenizerAndRendererExtension = {
  name: "cite",
  level: "inline",
  start(src) {
    const at = src.indexOf("⦃")
    return at < 0 ? undefined : at
  },
  tokenizer(src): Cite | undefined {
    if (readingOf(this).sources.length === 0) return undefined
    const raw = src.match(/^(?:⦃\d{1,3}⦄)+/)?.[0]
    return raw ? { type: "cite", raw, numbers: [...raw.matchAll(/\d+/g)].map(Number) } : undefined
  },
}

import type { Token, TokenizerAndRendererExtension } from "marked"
import { beforeBlank } from "./footnotes.ts"
import { readingOf } from "./lexer.ts"

/** A formula in LaTeX, as it stands in a text. */
export interface Formula {
  type: "formula" | "formulaBlock"
  raw: string
  text: string
  /** On lines of its own. */
  isDisplay: boolean
  /** Its end hasn't come yet. */
  isOpen: boolean
}

/** A longer one isn't looked for: what has no end would cost too much. */
const MOST_CHARACTERS = 5_000

/** `$$ … $$` and `\[ … \]` that stand alone. */
export const formulaBlock: TokenizerAndRendererExtension = {
  name: "formulaBlock",
  level: "block",
  start(src) {
    return beforeBlank(src).match(/\n(?= {0,3}(?:\$\$|\\\[))/)?.index
  },
  tokenizer(src): Formula | undefined {
    const [indent = "", open] = src.match(/^ {0,3}(\$\$|\\\[)/) ?? []
    if (open === undefined) return undefined
    const found = between(src, indent.length, open === "$$" ? "$$" : "\\]", readingOf(this).isGrowing)
    if (!found || (open === "\\[" && !isMath(found.text))) return undefined
    const rest = src.slice(found.end).match(/^[ \t]*(?:\n|$)/)
    if (!rest) return undefined
    return { ...found, type: "formulaBlock", raw: src.slice(0, found.end + rest[0].length), isDisplay: true }
  },
}

/** `$ … $`, `\( … \)`, and those of the other kind in the middle of a text. */
export const formula: TokenizerAndRendererExtension = {
  name: "formula",
  level: "inline",
  start(src) {
    const at = src.indexOf("$")
    return at < 0 ? undefined : at
  },
  tokenizer(src, tokens): Formula | undefined {
    const may = readingOf(this).isGrowing
    if (src.startsWith("\\(")) return inline(src, between(src, 2, "\\)", may), false)
    if (src.startsWith("\\[")) {
      const found = between(src, 2, "\\]", may)
      return found && isMath(found.text) ? inline(src, found, true) : undefined
    }
    if (src.startsWith("$$")) return inline(src, between(src, 2, "$$", may), true)
    if (!src.startsWith("$")) return undefined
    return inline(src, dollars(src, tokens) ?? (may ? openDollar(src, tokens) : null), false)
  },
}

/** Brackets may be escaped for another reason, as in "\\[1\\]". */
const isMath = (text: string) => /[\\^_=+<>\n]/.test(text)

interface Found {
  text: string
  end: number
  isOpen: boolean
}

function between(src: string, from: number, close: string, mayBeOpen: boolean): Found | null {
  const within = src.slice(0, MOST_CHARACTERS)
  const at = within.indexOf(close, from)
  if (at >= 0) {
    const text = within.slice(from, at)
    return text.trim() === "" ? null : { text, end: at + close.length, isOpen: false }
  }
  if (!mayBeOpen || src.length > MOST_CHARACTERS) return null
  return { text: src.slice(from), end: src.length, isOpen: true }
}

function inline(src: string, found: Found | null, isDisplay: boolean): Formula | undefined {
  return found ? { ...found, type: "formula", raw: src.slice(0, found.end), isDisplay } : undefined
}

/**
 * `$x$`, and not the "$5 and $10" of a price: the signs touch what is between them, the first follows no letter or digit
 * and the last is followed by none but those of "$n$th", and it isn't an amount with words after it.
 */
function dollars(src: string, before: readonly Token[]): Found | null {
  if (isBehindWord(before)) return null
  const found = src.slice(0, 1_000).match(/^\$(?![\s$])((?:[^$\\`\n]|\\[^\n])+)\$/)
  const text = found?.[1]
  if (!found || text === undefined || /\s$/.test(text)) return null
  if (/^(?:[\d$]|(?!(?:th|st|nd|rd|s|ten|te)\b)\p{L})/u.test(src.slice(found[0].length))) return null
  if (/^[\d.,]+\s+[^\s=+*/<>^\\-]/.test(text)) return null
  return { text, end: found[0].length, isOpen: false }
}

const isBehindWord = (before: readonly Token[]) => /[\p{L}\p{N}$]$/u.test(before.at(-1)?.raw ?? "")

/** What may become `$x_1$` with the next piece of the text: one word so far, or several with signs of LaTeX. */
function openDollar(src: string, before: readonly Token[]): Found | null {
  const text = src.match(/^\$(?![\s\d$])([^$\n`]{0,200})$/)?.[1]
  if (text === undefined || isBehindWord(before) || (/\s/.test(text) && !/[\\^_{}]/.test(text))) return null
  return { text, end: src.length, isOpen: true }
}

/** For the search of emphasis: what is in formulas is none of it. */
export function maskFormulas(src: string): string {
  const hide = (found: string) => "a".repeat(found.length)
  const masked = src.includes("$") ? src.replace(/\$[^\s$`](?:[^$`\n]{0,500}[^\s$`])?\$/g, hide) : src
  return masked.includes("\\(") ? masked.replace(/\\\([^`]{1,500}?\\\)/g, hide) : masked
}

import type { Token, Tokens } from "marked"
import { type NoteMark, Notes } from "./footnotes.ts"
import type { Formula } from "./formulas.ts"
import { toTokens } from "./syntax.ts"

/** What is left out where a text is read aloud: nobody wants to hear code or addresses. */
interface Wanted {
  isSpoken: boolean
}

/** A text without its Markdown, as it would be written in a mail. `isSpoken`: as it would be read aloud. */
export function toPlainText(markdown: string, wanted: Wanted = { isSpoken: false }): string {
  const notes = new Notes()
  try {
    const text = blocks(toTokens(markdown, { notes }), wanted)
    const below = [...notes.texts].map(([label, tokens]) => `[${label}] ${blocks(tokens, wanted)}`)
    return [text, ...(wanted.isSpoken ? [] : below)].filter((part) => part !== "").join("\n\n")
  } catch (error) {
    if (error instanceof RangeError) return markdown
    throw error
  }
}

function blocks(tokens: readonly Token[], wanted: Wanted): string {
  return tokens
    .map((token) => block(token, wanted))
    .filter((text) => text !== "")
    .join("\n\n")
}

function block(token: Token, wanted: Wanted): string {
  switch (token.type) {
    case "space":
    case "def":
    case "noteText":
    case "hr":
      return ""
    case "code":
      return wanted.isSpoken ? "" : token.text
    case "formulaBlock":
      return wanted.isSpoken ? "" : token.text.trim()
    case "blockquote":
      return blocks(token.tokens ?? [], wanted)
    case "list":
      return list(token as Tokens.List, wanted)
    case "table":
      return table(token as Tokens.Table, wanted)
    default:
      return "tokens" in token && token.tokens ? inline(token.tokens, wanted) : token.raw.trim()
  }
}

function list({ ordered, start, items }: Tokens.List, wanted: Wanted): string {
  const lines = items.map((item, index) => {
    const mark = ordered ? `${Number(start || 1) + index}. ` : wanted.isSpoken ? "" : "- "
    const task = item.task && !wanted.isSpoken ? `[${item.checked ? "x" : " "}] ` : ""
    const parts = item.tokens
      .filter(({ type }) => type !== "checkbox")
      .map((token) => block(token, wanted))
      .filter((text) => text !== "")
    return `${mark}${task}${parts.join("\n")}`.replaceAll("\n", "\n  ")
  })
  return lines.join("\n")
}

function table({ header, rows }: Tokens.Table, wanted: Wanted): string {
  const between = wanted.isSpoken ? ", " : "\t"
  return [header, ...rows]
    .map((row) => row.map(({ tokens }) => inline(tokens, wanted)).join(between))
    .join("\n")
}

function inline(tokens: readonly Token[], wanted: Wanted): string {
  return tokens.map((token) => piece(token, wanted)).join("")
}

function piece(token: Token, wanted: Wanted): string {
  switch (token.type) {
    case "br":
      return "\n"
    case "noteMark":
      return wanted.isSpoken ? "" : `[${(token as unknown as NoteMark).label}]`
    case "formula":
      return (token as unknown as Formula).text.trim()
    case "link": {
      const words = inline(token.tokens ?? [], wanted)
      const isAddress = words === token.href || `mailto:${words}` === token.href || words === ""
      return wanted.isSpoken || isAddress ? words || token.href : `${words} (${token.href})`
    }
    case "image":
      return wanted.isSpoken ? token.text : [token.text, `(${token.href})`].join(" ").trim()
    case "checkbox":
      return ""
    default:
      return "tokens" in token && token.tokens ? inline(token.tokens, wanted) : plain(token)
  }
}

function plain(token: Token): string {
  const text: string = "text" in token ? token.text : token.raw
  if (token.type !== "text" || !text.includes("&")) return text
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/gi, decoded)
}

function decoded(entity: string, decimal?: string, hex?: string, name?: string): string {
  if (name) return ENTITIES[name.toLowerCase()] ?? entity
  const code = decimal ? Number(decimal) : Number.parseInt(hex ?? "", 16)
  return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : entity
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" }

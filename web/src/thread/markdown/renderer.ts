import { Renderer, type Token, type Tokens } from "marked"
import { t } from "../../i18n/index.ts"
import type { Cite, Source } from "./cite-mark.ts"
import { toCodeBlock } from "./code-block.ts"
import type { NoteMark, Notes } from "./footnotes.ts"
import { toLink } from "./links.ts"
import { escapeHtml, escapeText } from "./safe-html.ts"

/** What a text is rendered with. */
export interface Page {
  /** The text's own, which the ids of its notes begin with. */
  id: string
  notes: Notes
  sources: readonly Source[]
}

/** Writes a text's tokens as HTML. */
export class TextRenderer extends Renderer {
  private readonly id: string
  private readonly notes: Notes
  private readonly sources: readonly Source[]

  constructor({ id, notes, sources }: Page) {
    super()
    this.id = id
    this.notes = notes
    this.sources = sources
  }

  override html({ text, block }: Tokens.HTML | Tokens.Tag): string {
    return block ? `<p>${escapeHtml(text)}</p>` : escapeHtml(text)
  }

  override image({ href, text }: Tokens.Image): string {
    return toLink(href, escapeHtml(text || href))
  }

  override link(token: Tokens.Link): string {
    // A picture becomes a link, and a link in a link isn't HTML.
    const hasLink = token.tokens.some(({ type }) => type === "image" || type === "noteMark")
    return toLink(token.href, hasLink ? escapeHtml(token.text) : this.parser.parseInline(token.tokens))
  }

  override code({ text, lang }: Tokens.Code): string {
    return toCodeBlock(text, lang ?? "")
  }

  override text(token: Tokens.Text | Tokens.Escape): string {
    if ("tokens" in token && token.tokens) return this.parser.parseInline(token.tokens)
    // A text that was too costly to be read has its marks still.
    if (this.sources.length > 0 && token.text.includes("⦃"))
      return escapeText(token.text.replace(/⦃\d{1,3}⦄/g, ""))
    return toPieces("escaped" in token && token.escaped ? token.text : escapeText(token.text))
  }

  override checkbox({ checked }: Tokens.Checkbox): string {
    return `<span class="task" role="img" aria-label="${escapeHtml(checked ? t.thread.done : t.thread.open)}">${checked ? "☑" : "☐"}</span> `
  }

  override table({ header, rows }: Tokens.Table): string {
    const row = (cells: Tokens.TableCell[]) => `<tr>${cells.map((cell) => this.cell(cell)).join("")}</tr>`
    const table = `<table><thead>${row(header)}</thead><tbody>${rows.map(row).join("")}</tbody></table>`
    return `<div class="table" tabindex="0" role="region" aria-label="${escapeHtml(t.thread.table)}">${table}</div>`
  }

  private cell({ tokens, header, align }: Tokens.TableCell): string {
    const name = header ? "th" : "td"
    return `<${name}${align ? ` class="${align}"` : ""}>${this.parser.parseInline(tokens)}</${name}>`
  }

  /** Marks of the sources of what stands before them; each leads to its source. */
  cite({ numbers }: Cite): string {
    const marks = numbers.map((number) => {
      const source = this.sources[number - 1]
      if (!source) return ""
      const name = escapeHtml(t.thread.source(number, source.title))
      return toLink(source.uri, String(number), ` aria-label="${name}" title="${escapeHtml(source.title)}"`)
    })
    return `<sup class="cite">${marks.join("")}</sup>`
  }

  /** The mark of a footnote. One whose note hasn't come yet leads nowhere. */
  noteMark({ label }: NoteMark): string {
    const isFirst = !this.notes.numbers.has(label)
    const number = this.notes.numberOf(label)
    if (!this.notes.texts.has(label)) return `<sup class="note-mark">${number}</sup>`
    const name = escapeHtml(t.thread.footnote(number))
    const id = isFirst ? ` id="notemark-${this.id}-${number}"` : ""
    return `<sup class="note-mark"><a${id} href="#note-${this.id}-${number}" aria-label="${name}">${number}</a></sup>`
  }

  /** The footnotes, below the text, with the way back. "" where there are none. */
  noteList(parse: (tokens: Token[]) => string): string {
    const items = this.notes.inOrder().map(({ number, tokens }) => {
      const back = `<a class="note-back" href="#notemark-${this.id}-${number}" aria-label="${escapeHtml(t.thread.backToText)}">↩</a>`
      return `<li id="note-${this.id}-${number}">${withBack(parse(tokens), back)}</li>`
    })
    if (items.length === 0) return ""
    return `<section class="notes" aria-label="${escapeHtml(t.thread.footnotes)}"><ol>${items.join("")}</ol></section>`
  }
}

/** The way back stands at the end of the last paragraph. */
function withBack(html: string, back: string): string {
  const end = html.trimEnd()
  return end.endsWith("</p>") ? `${end.slice(0, -4)} ${back}</p>` : `${end} ${back}`
}

/** A browser takes seconds for the lines of a paragraph that is a million characters long, and little for many short ones. */
const PIECE_CHARACTERS = 4_000

function toPieces(html: string): string {
  if (html.length <= PIECE_CHARACTERS) return html
  // Not inside of an entity.
  const pieces = html.match(/(?:&[^;]{1,8};|[\s\S]){1,4000}/g) ?? []
  return pieces.map((piece) => `<span class="piece">${piece}</span>`).join("")
}

import DOMPurify from "dompurify"
import { Marked, type Token, type Tokens } from "marked"
import remend from "remend"
import { t } from "../i18n/index.ts"
import { highlight } from "./highlight.ts"

/** A part of a text, such as a paragraph or a list, as safe HTML. */
export interface Block {
  raw: string
  html: string
}

/**
 * Renders Markdown that may still be growing. Blocks that can't change any more are kept, so a piece of text costs what
 * its last block costs.
 */
export function createMarkdown() {
  let settled: Block[] = []
  let settledText = ""
  return function render(text: string, { isGrowing }: { isGrowing: boolean }): Block[] {
    try {
      if (!isGrowing) return toBlocks(text)
      if (!text.startsWith(settledText)) {
        settled = []
        settledText = ""
      }
      const tail = text.slice(settledText.length)
      const tokens = marked.lexer(tail)
      const last = tokens.findLastIndex(({ type }) => type !== "space")
      const done = tokens.slice(0, Math.max(last, 0))
      if (done.length > 0) {
        settled = [...settled, ...done.map(toBlock)]
        settledText += done.map(({ raw }) => raw).join("")
      }
      const rest = tail.slice(done.reduce((length, { raw }) => length + raw.length, 0))
      return [...settled, ...toBlocks(remend(rest, { katex: false, images: false }))]
    } catch (error) {
      // A RangeError: nested too deeply, by accident or by design.
      if (!(error instanceof RangeError)) reportError(error)
      return [{ raw: text, html: `<pre class="plain">${escapeHtml(text)}</pre>` }]
    }
  }
}

function toBlocks(text: string): Block[] {
  return marked
    .lexer(text)
    .filter(({ type }) => type !== "space" && type !== "def")
    .map(toBlock)
}

function toBlock(token: Token): Block {
  return { raw: token.raw, html: sanitize(marked.parser([token])) }
}

const marked = new Marked({
  gfm: true,
  renderer: {
    html: ({ text, block }) => (block ? `<p>${escapeHtml(text)}</p>` : escapeHtml(text)),
    image: ({ href, text }) => toLink(href, escapeHtml(text || href)),
    link(token) {
      const hasImage = token.tokens.some(({ type }) => type === "image")
      // A picture becomes a link, and a link in a link isn't HTML.
      const words = hasImage ? escapeHtml(token.text) : this.parser.parseInline(token.tokens)
      return toLink(token.href, words)
    },
    code: ({ text, lang }) => toCode(text, lang ?? ""),
    text(token) {
      if ("tokens" in token && token.tokens) return this.parser.parseInline(token.tokens)
      return toPieces("escaped" in token && token.escaped ? token.text : escapeHtml(token.text))
    },
    checkbox: ({ checked }) => `<span class="task" aria-hidden="true">${checked ? "☑" : "☐"}</span> `,
    table(token) {
      const table = toTable(token, (tokens) => this.parser.parseInline(tokens))
      return `<div class="table" tabindex="0" role="region" aria-label="${escapeHtml(t.thread.table)}">${table}</div>`
    },
  },
})

/** A browser takes seconds for the lines of a paragraph that is a million characters long, and little for many short ones. */
const PIECE_CHARACTERS = 4_000

function toPieces(html: string): string {
  if (html.length <= PIECE_CHARACTERS) return html
  // Not inside of an entity.
  const pieces = html.match(/(?:&[^;]{1,8};|[\s\S]){1,4000}/g) ?? []
  return pieces.map((piece) => `<span class="piece">${piece}</span>`).join("")
}

type Inline = (tokens: Token[]) => string

function toTable({ header, rows }: Tokens.Table, inline: Inline): string {
  const row = (cells: Tokens.TableCell[]) => `<tr>${cells.map((cell) => toCell(cell, inline)).join("")}</tr>`
  return `<table><thead>${row(header)}</thead><tbody>${rows.map(row).join("")}</tbody></table>`
}

function toCell({ tokens, header, align }: Tokens.TableCell, inline: Inline): string {
  const name = header ? "th" : "td"
  return `<${name}${align ? ` class="${align}"` : ""}>${inline(tokens)}</${name}>`
}

/** Links to other places than the web and mail are shown as text. */
function toLink(href: string, label: string): string {
  if (!/^(?:https?:\/\/|mailto:)/i.test(href)) return label
  return `<a href="${escapeHtml(href)}" target="_blank" rel="noopener noreferrer nofollow">${label}</a>`
}

function toCode(text: string, info: string): string {
  const [language = ""] = info.split(/\s/)
  const name = escapeHtml(language)
  return `<figure class="code"><figcaption><span>${name}</span><button type="button" class="quiet" data-copy-code>${escapeHtml(t.common.copy)}</button></figcaption><pre tabindex="0"><code>${highlight(text, language) ?? escapeHtml(text)}</code></pre></figure>`
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;")
}

/** The renderer writes safe HTML already; this is the second lock, for what it has overlooked. */
function sanitize(html: string): string {
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS,
    ALLOWED_ATTR: ["href", "target", "rel", "class", "type", "tabindex", "role", "start", "data-copy-code"],
    // The others' values are taken for addresses.
    ADD_URI_SAFE_ATTR: ["target", "rel", "type", "tabindex", "start"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: true,
    ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/i,
  })
}

const ALLOWED_TAGS = [
  ..."a blockquote br button code del div em figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre span strong".split(
    " ",
  ),
  ..."sub sup table tbody td th thead tr ul".split(" "),
]

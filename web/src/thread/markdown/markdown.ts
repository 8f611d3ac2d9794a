import { Parser, type Token } from "marked"
import type { Cite } from "./cite-mark.ts"
import { type Citations, withCites } from "./cites.ts"
import { closeMarks } from "./close-marks.ts"
import { isNoteText, type NoteMark, Notes } from "./footnotes.ts"
import type { Formula } from "./formulas.ts"
import { closeHalfOpen } from "./half-open.ts"
import { toFormula } from "./math.ts"
import { type Page, TextRenderer } from "./renderer.ts"
import { escapeHtml, sanitize } from "./safe-html.ts"
import { syntax, toTokens } from "./syntax.ts"

/** A part of a text, such as a paragraph or a list, as safe HTML. */
export interface Block {
  html: string
}

/**
 * Renders Markdown that may still be growing. Blocks that can't change any more are kept, so a piece of text costs what
 * its last block costs. `id` is the text's own on the page.
 */
export function createMarkdown(id: string) {
  let settled: Block[] = []
  let settledText = ""
  let notes = new Notes()

  function grow(text: string): Block[] {
    if (!text.startsWith(settledText)) {
      settled = []
      settledText = ""
      notes = new Notes()
    }
    const tail = text.slice(settledText.length)
    const tokens = toTokens(tail, { isGrowing: true })
    const last = tokens.findLastIndex(({ type }) => type !== "space")
    const done = tokens.slice(0, Math.max(last, 0))
    // What a token was read from may differ from it in a space, not in its length.
    const length = done.reduce((sum, { raw }) => sum + raw.length, 0)
    if (done.length > 0) {
      notes.collect(done)
      settled = [...settled, ...toBlocks(done, { id, notes, sources: [] })]
      settledText += tail.slice(0, length)
    }
    const rest = closeHalfOpen(tail.slice(length), closeMarks)
    // The rest is read again and again, so what it says of notes is for this time.
    const now = notes.copy()
    const open = toTokens(rest, { isGrowing: true })
    now.collect(open)
    const page = { id, notes: now, sources: [] }
    return [...settled, ...toBlocks(open, page), ...toNotes(page)]
  }

  function whole(text: string, citations: Citations): Block[] {
    const marked = withCites(text, citations)
    const all = { id, notes: new Notes(), sources: marked.sources }
    const blocks = toBlocks(toTokens(marked.text, all), all)
    return [...blocks, ...toNotes(all)]
  }

  return function render(
    text: string,
    { isGrowing, citations = [] }: { isGrowing: boolean; citations?: Citations | undefined },
  ): Block[] {
    try {
      return isGrowing ? grow(text) : whole(text, citations)
    } catch (error) {
      reportError(error)
      return [{ html: `<pre class="plain">${escapeHtml(text)}</pre>` }]
    }
  }
}

function toBlocks(tokens: Token[], page: Page): Block[] {
  const parser = createParser(page)
  return tokens
    .filter((token) => token.type !== "space" && token.type !== "def" && !isNoteText(token))
    .map((token) => ({ html: sanitize(parser.parse([token])) }))
}

/** Footnotes, as a block below the others. */
function toNotes(page: Page): Block[] {
  const parser = createParser(page)
  const html = (parser.renderer as TextRenderer).noteList((tokens) => parser.parse(tokens))
  return html === "" ? [] : [{ html: sanitize(html) }]
}

function createParser(page: Page): Parser {
  const renderer = new TextRenderer(page)
  const renderers = {
    cite: (token: unknown) => renderer.cite(token as Cite),
    formula: (token: unknown) => toFormula(token as Formula),
    formulaBlock: (token: unknown) => `<p>${toFormula(token as Formula)}</p>`,
    noteMark: (token: unknown) => renderer.noteMark(token as NoteMark),
    noteText: () => "",
  }
  return new Parser({ ...syntax, renderer, extensions: { ...syntax.extensions, renderers } as never })
}

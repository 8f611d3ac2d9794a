import { Parser, type Token } from "marked"
import type { Cite } from "./cite-mark.ts"
import { type Citations, withCites } from "./cites.ts"
import { closeMarks } from "./close-marks.ts"
import { isNoteText, type NoteMark, Notes } from "./footnotes.ts"
import type { Formula } from "./formulas.ts"
import { type Block, type Group, Settled, toGroups } from "./groups.ts"
import { closeHalfOpen } from "./half-open.ts"
import { toFormula } from "./math.ts"
import { type Page, TextRenderer } from "./renderer.ts"
import { escapeHtml, sanitize } from "./safe-html.ts"
import { syntax, toTokens } from "./syntax.ts"

/**
 * Renders Markdown that may still be growing. Blocks that can't change any more are kept, so a piece of text costs what
 * its last block costs. `id` is the text's own on the page.
 */
export function createMarkdown(id: string) {
  let settled = new Settled()
  let settledText = ""
  let notes = new Notes()
  /** The blocks that were made last and may change, and at the end all of a text that has grown. */
  let last: Block[] = []

  function forget(): void {
    settled = new Settled()
    settledText = ""
    notes = new Notes()
    last = []
  }

  function grow(text: string): Group[] {
    if (!text.startsWith(settledText)) forget()
    const tail = text.slice(settledText.length)
    const tokens = toTokens(tail, { isGrowing: true })
    const end = tokens.findLastIndex(({ type }) => type !== "space")
    const done = tokens.slice(0, Math.max(end, 0))
    // What a token was read from may differ from it in a space, not in its length.
    const length = done.reduce((sum, { raw }) => sum + raw.length, 0)
    if (done.length > 0) {
      notes.collect(done)
      settled.add(toBlocks(done, { id, notes, sources: [] }, last))
      settledText += tail.slice(0, length)
    }
    const rest = closeHalfOpen(tail.slice(length), closeMarks)
    // The rest is read again and again, so what it says of notes is for this time.
    const now = notes.copy()
    const open = toTokens(rest, { isGrowing: true })
    now.collect(open)
    const page = { id, notes: now, sources: [] }
    last = [...toBlocks(open, page, last), ...toNotes(page, last)]
    return settled.with(last)
  }

  function whole(text: string, citations: Citations): Group[] {
    const known = [...settled.all(), ...last]
    forget()
    const marked = withCites(text, citations)
    const all = { id, notes: new Notes(), sources: marked.sources }
    const blocks = toBlocks(toTokens(marked.text, all), all, known)
    return toGroups([...blocks, ...toNotes(all, known)])
  }

  return function render(
    text: string,
    { isGrowing, citations = [] }: { isGrowing: boolean; citations?: Citations | undefined },
  ): Group[] {
    try {
      return isGrowing ? grow(text) : whole(text, citations)
    } catch (error) {
      reportError(error)
      const html = `<pre class="plain">${escapeHtml(text)}</pre>`
      return [[{ html, written: html }]]
    }
  }
}

/** @param known blocks that were made before: one that says the same is taken as it is */
function toBlocks(tokens: Token[], page: Page, known: readonly Block[]): Block[] {
  const parser = createParser(page)
  const blocks = createBlocks(known)
  return tokens
    .filter((token) => token.type !== "space" && token.type !== "def" && !isNoteText(token))
    .map((token) => {
      const code = token.type === "code" ? token.raw : undefined
      return blocks.of(code) ?? blocks.make(parser.parse([token]), code)
    })
}

/** Footnotes, as a block below the others. */
function toNotes(page: Page, known: readonly Block[]): Block[] {
  const parser = createParser(page)
  const html = (parser.renderer as TextRenderer).noteList((tokens) => parser.parse(tokens))
  return html === "" ? [] : [createBlocks(known).make(html)]
}

/** To colour code, and to make HTML safe, takes longer than to write it; and most of a text was there before its last piece. */
function createBlocks(known: readonly Block[]) {
  const byHtml = new Map(known.map((block) => [block.written, block]))
  const byCode = new Map(known.flatMap((block) => (block.code === undefined ? [] : [[block.code, block]])))
  return {
    of: (code: string | undefined) => (code === undefined ? undefined : byCode.get(code)),
    make: (written: string, code?: string): Block =>
      byHtml.get(written) ?? { html: sanitize(written), written, code },
  }
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

import { Marked, type Token } from "marked"
import { cite } from "./cite-mark.ts"
import { Notes, noteMark, noteText } from "./footnotes.ts"
import { formula, formulaBlock, maskFormulas } from "./formulas.ts"
import { BoundedLexer, type Reading } from "./lexer.ts"

const marked = new Marked({
  gfm: true,
  extensions: [noteText, noteMark, formulaBlock, formula, cite],
  hooks: { emStrongMask: maskFormulas },
})

/** What a text may be made of: GitHub's Markdown with footnotes and formulas. */
export const syntax = marked.defaults

/** Reads a text. @throws RangeError where it is nested too deeply */
export function toTokens(text: string, reading: Partial<Reading> = {}): Token[] {
  const { isGrowing = false, notes = new Notes(), sources = [] } = reading
  return new BoundedLexer(syntax, { isGrowing, notes, sources }).lex(text)
}

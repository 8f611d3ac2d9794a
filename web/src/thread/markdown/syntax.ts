import { Marked, type Token } from "marked"
import { Notes, noteMark, noteText } from "./footnotes.ts"
import { formula, formulaBlock, maskFormulas } from "./formulas.ts"
import { BoundedLexer } from "./lexer.ts"

const marked = new Marked({
  gfm: true,
  extensions: [noteText, noteMark, formulaBlock, formula],
  hooks: { emStrongMask: maskFormulas },
})

/** What a text may be made of: GitHub's Markdown with footnotes and formulas. */
export const syntax = marked.defaults

/** Reads a text. @throws RangeError where it is nested too deeply */
export function toTokens(text: string, { isGrowing = false, notes = new Notes() } = {}): Token[] {
  return new BoundedLexer(syntax, { isGrowing, notes }).lex(text)
}

import { Lexer, type MarkedOptions, type Token, type TokenizerThis } from "marked"
import type { Source } from "./cite-mark.ts"
import type { Notes } from "./footnotes.ts"

export interface Reading {
  /** Whether more of the text may come. */
  isGrowing: boolean
  notes: Notes
  /** The sources that marks in the text name. */
  sources: readonly Source[]
}

/** Quotes and lists in each other beyond this are shown as text: nobody reads them, and each costs a pass over its text. */
const MOST_NESTED = 24

/**
 * What one text may cost, in marks of emphasis times characters: the search for a mark's other end goes through the rest
 * of the text. A long paragraph with a hundred bold words has a hundredth of it.
 */
const BUDGET = { whole: 10_000_000, growing: 2_000_000 }

/** A text that costs less is cheap, whatever it is made of. */
const CHEAP = 2_000

/** Marked's lexer, with bounds to what a hostile text costs: what is beyond them is text without marks. */
export class BoundedLexer extends Lexer {
  readonly reading: Reading
  private depth = 0
  private budget: number

  constructor(options: MarkedOptions, reading: Reading) {
    super(options)
    this.reading = reading
    this.budget = reading.isGrowing ? BUDGET.growing : BUDGET.whole
  }

  override blockTokens(src: string, tokens: Token[] = [], isClipped = false): never {
    if (this.depth >= MOST_NESTED) {
      tokens.push({ type: "paragraph", raw: src, text: src, tokens: [plain(src)] })
      return tokens as never
    }
    this.depth += 1
    try {
      return super.blockTokens(src, tokens, isClipped) as never
    } finally {
      this.depth -= 1
    }
  }

  override inlineTokens(src: string, tokens: Token[] = []): Token[] {
    const cost = countMarks(src) * src.length
    if (cost > CHEAP) this.budget -= cost
    if (cost <= CHEAP || this.budget >= 0) return super.inlineTokens(src, tokens)
    tokens.push(plain(src))
    return tokens
  }
}

const plain = (text: string): Token => ({ type: "text", raw: text, text, escaped: false })

/** The stars, lines and tildes of a text. */
function countMarks(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at += 1) if (MARKS.has(text.charCodeAt(at))) count += 1
  return count
}

const MARKS = new Set([..."*_~"].map((mark) => mark.charCodeAt(0)))

/** What the text is read for, in a tokenizer. */
export const readingOf = ({ lexer }: TokenizerThis): Reading => (lexer as BoundedLexer).reading

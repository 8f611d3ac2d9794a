import { marked } from "marked"
import remend from "remend"
import { expect, test } from "vitest"
import { markedText } from "../../tools/bench/web/texts.ts"
import { closeHalfOpen } from "../../web/src/thread/markdown/half-open.ts"
import { toTokens } from "../../web/src/thread/markdown/syntax.ts"

/** What a reader sees of a text that is still growing. */
function seen(text: string): string {
  const tokens = toTokens(text, { isGrowing: true })
  const last = tokens.findLastIndex(({ type }) => type !== "space")
  const before = tokens.slice(0, last).reduce((sum, { raw }) => sum + raw.length, 0)
  const open = closeHalfOpen(text.slice(before), (half) => remend(half))
  const words: string[] = []
  marked.walkTokens(toTokens(open, { isGrowing: true }), (token) => {
    if ("text" in token) words.push(token.text)
  })
  return words.join(" ")
}

test.each([8, 24, 60, 193])(
  "a mark in a text of %i characters a piece is seen as soon as it comes",
  (size) => {
    const text = markedText(100, size)
    const marks = [...text.matchAll(/§\d+;/g)]
    expect(marks.length).toBe(100)
    for (const { 0: mark, index } of marks) {
      const grown = text.slice(0, index + mark.length)
      expect(seen(grown), grown.slice(-200)).toContain(mark)
    }
  },
)

import { codePointLength } from "../../../utils/text.ts"

/** Code points: a line in a list of rooms. */
export const MAX_TITLE_LENGTH = 80

/**
 * Makes a title of what a model wrote: one line of plain text without quotation marks around it, markdown, control
 * characters or ones that change the direction of text, cut at a word to `MAX_TITLE_LENGTH`.
 * @returns null when nothing visible is left
 */
export function cleanTitle(text: string): string | null {
  const line = text.toWellFormed().split(LINE_END).map(toPlain).find(isVisible)
  return line === undefined ? null : shorten(line)
}

const LINE_END = /[\r\n\v\f\u0085\u2028\u2029]+/

/** Marks may be nested, as in `**"Title"**`, so they are taken off until nothing changes; each round shortens the text. */
function toPlain(line: string): string {
  let text = line.replace(INVISIBLE, "").replace(/\s+/g, " ").trim()
  for (let before = ""; before !== text; ) {
    before = text
    text = MARKS.reduce((rest, [mark, kept]) => rest.replace(mark, kept), text).trim()
  }
  return text
}

/**
 * Control, format, private and lone halves of characters: among them all that turns text around. The two joiners stay
 * where they join something: emoji and some scripts need them.
 */
const INVISIBLE =
  /(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\uFFFD]|(?<![\p{L}\p{M}\p{S}])[\u200C\u200D]|[\u200C\u200D](?![\p{L}\p{M}\p{S}])/gu

const MARKS: readonly [mark: RegExp, kept: string][] = [
  // Headings, quotations, list items; a label.
  [/^(?:#{1,6}|>|[-*+•])\s+/u, ""],
  [/^(?:title|titel|titre|título|titolo|заголовок|标题|タイトル|제목)\s*[:：]\s*/iu, ""],
  [/!?\[([^[\]]*)\]\([^()]*\)/gu, "$1"],
  [/(\*\*|__|~~|``?)(?=\S)(.*?\S)\1/gu, "$2"],
  [/(?<![\p{L}\p{N}*])\*(?=\S)([^*]*\S)\*(?![\p{L}\p{N}*])/gu, "$1"],
  [/(?<![\p{L}\p{N}_])_(?=\S)([^_]*\S)_(?![\p{L}\p{N}_])/gu, "$1"],
  [/^["'`“”„‟‘’‚‛«»‹›「」『』《》〈〉＂＇](.*)["'`“”„‟‘’‚‛«»‹›「」『』《》〈〉＂＇]$/u, "$1"],
  // The end of a sentence, but not an ellipsis.
  [/(?<![.…])[.。]$/u, ""],
]

function isVisible(text: string): boolean {
  return /[\p{L}\p{N}\p{S}]/u.test(text)
}

/** Never within what is read as one character, and within a word only if it is a long one. */
function shorten(text: string): string {
  if (codePointLength(text) <= MAX_TITLE_LENGTH) return text
  let kept = ""
  let length = 0
  for (const { segment } of CHARACTERS.segment(text)) {
    length += codePointLength(segment)
    if (length >= MAX_TITLE_LENGTH) break
    kept += segment
  }
  // One character of hundreds of combining marks.
  if (kept === "") kept = [...text].slice(0, MAX_TITLE_LENGTH - 1).join("")
  const endsInWord = /\S/u.test(text.charAt(kept.length))
  const words = endsInWord ? kept.replace(/\s\S*$/u, "") : kept
  return `${(words.length > kept.length / 2 ? words : kept).trim()}…`
}

const CHARACTERS = new Intl.Segmenter(undefined, { granularity: "grapheme" })

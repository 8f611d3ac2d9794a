/**
 * Completes the last block of a text that is still growing, so that it doesn't look one way now and another with the
 * next word: marks are closed by `close`, and a line that may yet turn out to be a list, a rule, a fence or a table waits.
 */
export function closeHalfOpen(text: string, close: (text: string) => string): string {
  const shown = withoutUndecided(text)
  const at = openFormulaAt(shown)
  // A space at the end isn't kept.
  const whole = (at < 0 ? shown : shown.slice(0, at)).trimEnd()
  return close(whole) + shown.slice(whole.length)
}

/** The beginnings of what isn't a paragraph: "- ", "12.", "##", "> ", "---", "``", "| a |". */
const UNDECIDED = /^[ \t]*(?:[-*+=_#>|:`~$ \t]*|\[[^\]]{0,50}\]?:?|(?:[-*+>][ \t]*)*\d{1,9}[.)]?[ \t]*)$/

function withoutUndecided(text: string): string {
  const start = text.lastIndexOf("\n") + 1
  const line = text.slice(start)
  // In code only its end is another thing than it looks.
  if (/^ {0,3}(?:```|~~~)/.test(text))
    return start > 0 && /^ {0,3}(?:`+|~+)$/.test(line) ? text.slice(0, start) : text
  const decided = line.length > 0 && UNDECIDED.test(line) ? text.slice(0, start) : text
  return isTableHead(decided) ? "" : decided
}

/** A table's first line is a paragraph until the line of dashes below it is whole. */
function isTableHead(text: string): boolean {
  const [head = "", dashes = "", ...rows] = text.split("\n", 3)
  if (!head.trimStart().startsWith("|") || rows.length > 0) return false
  return dashes === "" || /^[ \t]*\|?[-:| \t]*$/.test(dashes)
}

/** Where a formula begins that hasn't ended, or -1. Its letters aren't marks of emphasis. */
function openFormulaAt(text: string): number {
  const marks = text.split("$$").length - 1
  const starts = [
    marks % 2 === 1 ? text.lastIndexOf("$$") : -1,
    ...["\\(\\)", "\\[\\]"].map((pair) => {
      const at = text.lastIndexOf(pair.slice(0, 2))
      return at >= 0 && text.indexOf(pair.slice(2), at) < 0 ? at : -1
    }),
  ]
  return Math.max(...starts)
}

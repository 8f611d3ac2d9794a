/** What has a meaning in Markdown, anywhere in a line. */
const MARKS = /[\\`*_{}[\]()<>#+\-.!|~&$:@=^"']/g

const LINE_END = /\r\n|[\n\r\u2028\u2029]/

/** Returns text as a part of one line of Markdown that is shown as it is. */
export function toInlineMarkdown(text: string): string {
  return text
    .split(LINE_END)
    .map((line) => line.trim())
    .join(" ")
    .replace(MARKS, "\\$&")
}

/** Returns a URL as the target of a Markdown link, whatever is in it. */
export function toLinkTarget(url: string): string {
  return `<${url.replace(/[\s<>\\]/g, encodeURIComponent)}>`
}

/**
 * Returns text that is Markdown by itself as a block quotation, which nothing in it can end. HTML outside blocks of code
 * becomes visible text: it could swallow all that follows.
 */
export function toQuotation(text: string): string {
  let fence: Fence | null = null
  const lines: string[] = []
  for (const line of text.split(LINE_END)) {
    const isCode = fence !== null
    if (fence) fence = closes(fence, line) ? null : fence
    else fence = openedBy(line)
    const shown = isCode || fence ? line : line.replace(/<(?=[a-z/!?])/gi, "&lt;")
    lines.push(shown === "" ? ">" : `> ${shown}`)
  }
  return lines.join("\n")
}

/** A fence of code: its character and how many of them there are at least at its end. */
interface Fence {
  mark: string
  length: number
}

/** Only a fence at the start of its line is one wherever it stands; others may end with what they are in. */
function openedBy(line: string): Fence | null {
  const [, marks, info] = /^(`{3,}|~{3,})(.*)$/.exec(line) ?? []
  if (marks === undefined || (marks[0] === "`" && info?.includes("`"))) return null
  return { mark: marks[0] as string, length: marks.length }
}

/** https://spec.commonmark.org/0.31.2/#fenced-code-blocks */
function closes({ mark, length }: Fence, line: string): boolean {
  const marks = line.trim()
  return marks.length >= length && marks === mark.repeat(marks.length) && !/^(?: {4}|\t)/.test(line)
}

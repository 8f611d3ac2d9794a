const OPEN = '<details type="'
const CLOSE = "</details>"

/**
 * Splits a reply of Open WebUI, which keeps what the model thought, and the calls of tools, in `<details>` of its text.
 * Reasoning becomes thoughts; the calls are left out. What isn't closed stays text.
 */
export function splitReasoning(text: string): { content: string; thoughts: string } {
  const content: string[] = []
  const thoughts: string[] = []
  let at = 0
  for (let start = text.indexOf(OPEN); start >= 0; start = text.indexOf(OPEN, at)) {
    const end = text.indexOf(CLOSE, start)
    if (end < 0) break
    content.push(text.slice(at, start))
    const details = text.slice(start + OPEN.length, end)
    if (details.startsWith("reasoning")) thoughts.push(toPlain(details.slice(details.indexOf(">") + 1)))
    at = end + CLOSE.length
  }
  if (at === 0) return { content: text, thoughts: "" }
  content.push(text.slice(at))
  return { content: content.join("").trim(), thoughts: thoughts.join("\n\n") }
}

const SUMMARY_END = "</summary>"

/** Without the summary, which says how long it took, and the marks of a quotation. */
function toPlain(details: string): string {
  const summary = details.indexOf(SUMMARY_END)
  const body = summary < 0 ? details : details.slice(summary + SUMMARY_END.length)
  return body
    .split("\n")
    .map((line) => line.replace(/^(?:> ?|&gt; ?)/, ""))
    .join("\n")
    .trim()
}

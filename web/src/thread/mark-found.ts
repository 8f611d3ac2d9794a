/** The name under which the style of what was found is known. */
const NAME = "found"

/**
 * Marks words in a message until it loses the focus. Its text stays as it is: the browser paints the marks over it, where it
 * can. @returns the element of the first, or the message where there is none
 */
export function markFound(message: HTMLElement, words: readonly string[]): Element {
  const ranges = rangesOf(message, words)
  const [first] = ranges
  if (!first) return message
  if (globalThis.CSS?.highlights) {
    CSS.highlights.set(NAME, new Highlight(...ranges))
    message.addEventListener("blur", () => CSS.highlights.delete(NAME), { once: true })
  }
  return first.startContainer.parentElement ?? message
}

/** Where the words stand, in the open text of the message and not on its buttons. */
function rangesOf(message: HTMLElement, words: readonly string[]): Range[] {
  const wanted = [...new Set(words)].filter((word) => word.trim() !== "")
  const ranges: Range[] = []
  for (const text of message.querySelectorAll(".prose, .said")) {
    if (text.closest("details:not([open])")) continue
    const nodes = document.createTreeWalker(text, NodeFilter.SHOW_TEXT)
    for (let node = nodes.nextNode() as Text | null; node; node = nodes.nextNode() as Text | null)
      for (const word of wanted) ranges.push(...rangesIn(node, word))
  }
  return ranges.sort((a, b) => a.compareBoundaryPoints(Range.START_TO_START, b))
}

function rangesIn(node: Text, word: string): Range[] {
  const ranges: Range[] = []
  for (let at = node.data.indexOf(word); at >= 0; at = node.data.indexOf(word, at + word.length)) {
    const range = new Range()
    range.setStart(node, at)
    range.setEnd(node, at + word.length)
    ranges.push(range)
  }
  return ranges
}

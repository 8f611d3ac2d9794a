// Runs in a page before its own scripts, and notes when marks in the text of a stream arrive, are in the document and are
// painted. A mark is a word such as `§17;`. All times are those of the page's own clock, from the navigation on.
const MARK = /§(\d+);/g
const probe = {
  /** By mark. */
  arrived: [],
  inDocument: [],
  painted: [],
  deltas: 0,
  /** When a field and what was waited for were painted, and the end of the last long task. */
  shownAt: null,
  lastTaskEnd: 0,
  /** The longest event of each interaction, in milliseconds. */
  interactions: new Map(),
  /** Forgets the marks. */
  begin() {
    probe.arrived = []
    probe.inDocument = []
    probe.painted = []
    probe.deltas = 0
    probe.interactions.clear()
  },
  /** Calls `then` when what is in the document by now has been painted: in the task after the next frame. */
  afterPaint(then) {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => then(performance.now())
      port2.postMessage(null)
    })
  },
  /** Resolves when the newest message contains `text`, can be seen and is painted. @returns when */
  shown(text) {
    return new Promise((resolve) => {
      const isThere = () => {
        const message = newest()
        return message?.textContent.includes(text) && message.checkVisibility({ visibilityProperty: true })
      }
      const look = () => {
        if (!isThere()) return
        seen.disconnect()
        probe.afterPaint(resolve)
      }
      const seen = new MutationObserver(look)
      seen.observe(document, {
        childList: true,
        characterData: true,
        subtree: true,
        attributeFilter: ["class"],
      })
      look()
    })
  },
}
globalThis.probe = probe

/** Looked for from the end: to count all of a long conversation at each change would be measured, too. */
function newest() {
  let child = document.querySelector(".messages, #room")?.lastElementChild
  while (child && child.tagName !== "ARTICLE") child = child.previousElementSibling
  return child
}

/** The last words of an element, without what stands before them. */
function endOf(element) {
  if (!element) return ""
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
  let words = ""
  for (let node = texts.lastChild(); node; node = texts.previousNode()) {
    words = node.data + words
    if (words.length > 400) break
  }
  return words
}

const passOn = globalThis.fetch
globalThis.fetch = async (...args) => {
  const response = await passOn(...args)
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return response
  return new Response(response.body.pipeThrough(noting()), response)
}

function noting() {
  const decoder = new TextDecoder()
  let rest = ""
  return new TransformStream({
    transform(chunk, controller) {
      const now = performance.now()
      const text = rest + decoder.decode(chunk, { stream: true })
      for (const [, mark] of text.matchAll(MARK)) probe.arrived[mark] ??= now
      probe.deltas += text.split("event: delta\n").length - 1
      // Half a mark, or half of an event's name.
      rest = text.slice(Math.max(text.lastIndexOf("\n") + 1, text.length - 16))
      controller.enqueue(chunk)
    },
  })
}

new MutationObserver(() => {
  const now = performance.now()
  if (probe.shownAt === null && document.querySelector("textarea, input")) {
    probe.shownAt = now
    probe.afterPaint((at) => {
      probe.shownAt = at
    })
  }
  const marks = [...endOf(newest()).matchAll(MARK)]
  const last = Number(marks.at(-1)?.[1] ?? -1)
  if (probe.arrived[last] === undefined || last < probe.inDocument.length) return
  const first = probe.inDocument.length
  for (let mark = first; mark <= last; mark += 1) probe.inDocument[mark] = now
  probe.afterPaint((at) => {
    for (let mark = first; mark <= last; mark += 1) probe.painted[mark] = at
  })
}).observe(document, { childList: true, characterData: true, subtree: true })

new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries())
    probe.lastTaskEnd = Math.max(probe.lastTaskEnd, startTime + duration)
}).observe({ type: "longtask", buffered: true })

new PerformanceObserver((list) => {
  for (const { interactionId, duration } of list.getEntries()) {
    if (!interactionId) continue
    probe.interactions.set(interactionId, Math.max(probe.interactions.get(interactionId) ?? 0, duration))
  }
}).observe({ type: "event", durationThreshold: 16, buffered: true })

import { signal } from "@preact/signals"
import type { Formula } from "./formulas.ts"
import { escapeHtml } from "./safe-html.ts"

type Typesetter = typeof import("./typesetter.ts")["typeset"]

/** What sets formulas, once it is loaded: most replies have none. */
export const typesetter = signal<Typesetter | null>(null)

let isLoading = false

/** A formula as HTML: set, or its source where it can't be read. While it isn't whole, or can't be set yet, it is dots. */
export function toFormula({ text, raw, isDisplay, isOpen }: Formula): string {
  const name = `formula${isDisplay ? " display" : ""}`
  const typeset = typesetter.peek()
  if (!typeset && !isLoading) void load()
  // LaTeX is longer than what becomes of it, so the page would jump with it.
  if (isOpen || !typeset) return `<span class="${name}">…</span>`
  const set = typeset(text, isDisplay)
  if (set === null) return `<code class="${name} source">${escapeHtml(raw.trim())}</code>`
  // Wide ones are scrolled, by keys, too.
  return `<span class="${name}"${isDisplay ? ' tabindex="0"' : ""}>${set}</span>`
}

async function load(): Promise<void> {
  isLoading = true
  // Without a network formulas are their source.
  const { typeset } = await import("./typesetter.ts").catch(() => ({ typeset: () => null }))
  typesetter.value = typeset
}

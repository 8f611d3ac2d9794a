import { signal } from "@preact/signals"
import type { Formula } from "./formulas.ts"
import { escapeHtml } from "./safe-html.ts"

type Typesetter = typeof import("./typesetter.ts")["typeset"]

/** What sets formulas, once it is loaded: most replies have none. */
export const typesetter = signal<Typesetter | null>(null)

let isLoading = false

/** A formula as HTML: set, or its source while it isn't whole, the typesetter isn't there, or it can't be read. */
export function toFormula({ text, raw, isDisplay, isOpen }: Formula): string {
  const set = isOpen ? null : typeset(text, isDisplay)
  const name = `formula${isDisplay ? " display" : ""}`
  // Wide ones are scrolled, by keys, too.
  if (set !== null) return `<span class="${name}"${isDisplay ? ' tabindex="0"' : ""}>${set}</span>`
  return `<code class="${name} source">${escapeHtml(raw.trim())}</code>`
}

function typeset(text: string, isDisplay: boolean): string | null {
  if (typesetter.peek()) return typesetter.peek()?.(text, isDisplay) ?? null
  if (!isLoading) void load()
  return null
}

async function load(): Promise<void> {
  isLoading = true
  try {
    typesetter.value = (await import("./typesetter.ts")).typeset
  } catch {
    // Without a network formulas stay as they are; the next one asks again.
    isLoading = false
  }
}

import { signal } from "@preact/signals"

type Highlighter = typeof import("./highlighter.ts")["colour"]

/** The colouring of code, once it is loaded: it is larger than the rest of the page, and not every reply has code. */
export const highlighter = signal<Highlighter | null>(null)

let isLoading = false

/** Colours code by classes. @returns null for a language that isn't known, and until the languages are loaded */
export function highlight(code: string, language: string): string | null {
  if (language === "") return null
  if (highlighter.peek()) return highlighter.peek()?.(code, language) ?? null
  if (!isLoading) void load()
  return null
}

async function load(): Promise<void> {
  isLoading = true
  try {
    highlighter.value = (await import("./highlighter.ts")).colour
  } catch {
    // Without a network code stays as it is; the next code asks again.
    isLoading = false
  }
}

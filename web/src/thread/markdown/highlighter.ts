import highlightJs from "highlight.js/lib/common"

/** Longer code would hold the page up. */
const MOST_CHARACTERS = 50_000

/** Returns code as HTML in which what it is made of has classes, or null where that isn't known. */
export function colour(code: string, language: string): string | null {
  if (code.length > MOST_CHARACTERS || !highlightJs.getLanguage(language)) return null
  return highlightJs.highlight(code, { language, ignoreIllegals: true }).value
}

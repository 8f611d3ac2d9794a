import temml from "temml"
import "./math.css"
import { toClasses } from "./math-classes.ts"

/** A longer formula, or one that becomes more, would hold the page up; and macros can make much of little. */
const MOST = { characters: 5_000, html: 200_000, expansions: 500, kept: 500 }

/** Formulas that were set, since a text that ends is rendered once more. */
const kept = new Map<string, string | null>()

/** Sets a formula in MathML, without styles or links. @returns null for one that can't be read */
export function typeset(tex: string, isDisplay: boolean): string | null {
  const key = `${isDisplay}${tex}`
  const known = kept.get(key)
  if (known !== undefined) return known
  const set = tex.length > MOST.characters ? null : toMathMl(tex, isDisplay)
  if (kept.size >= MOST.kept) kept.clear()
  kept.set(key, set)
  return set
}

function toMathMl(tex: string, isDisplay: boolean): string | null {
  try {
    const html = temml.renderToString(tex, {
      displayMode: isDisplay,
      throwOnError: true,
      trust: false,
      macros: {},
      maxExpand: MOST.expansions,
      maxSize: [20, 300],
    })
    return html.length > MOST.html ? null : toClasses(html)
  } catch {
    // Not LaTeX, or nested too deeply.
    return null
  }
}

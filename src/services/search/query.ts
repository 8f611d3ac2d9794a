import type { Context } from "../context.ts"
import { PART, STEM } from "./document.ts"
import { LANGUAGES } from "./languages.ts"
import { type Word, wordsOf } from "./words.ts"

/** One thing that a text must have. */
export interface Term {
  /** Words that follow one another. */
  sequence: Part[]
  /** Stems of a single word of which other forms are good, too. */
  stems: string[]
  /** Whether longer words that begin with a single word are good, too. */
  orLonger: boolean
}

interface Part extends Pick<Word, "kind" | "word" | "written" | "position"> {}

/**
 * Reads what a user looks for: words that a text must all have, in any of their forms; "words in quotes" as they stand;
 * and beginnings of words, which end in `*`. The last word may be unfinished, too, because people search as they type.
 * No other character means anything.
 */
export async function readQuery(
  { db, stemmer }: Pick<Context, "db" | "stemmer">,
  q: string,
): Promise<Term[]> {
  const parts = q.split(/["“”„«»]/u)
  const terms = parts.flatMap((part, n) => (isQuoted(n, parts.length) ? quoted(part) : loose(part)))
  const last = terms.at(-1)
  if (last && /[\p{L}\p{M}\p{N}]$/u.test(q)) last.orLonger = isOneWord(last)
  const stems = await stemmer.of(
    db.pool,
    terms.filter(({ isLoose }) => isLoose).flatMap(({ sequence }) => sequence),
    LANGUAGES,
  )
  return terms.map(({ sequence, isLoose, orLonger }) => ({
    sequence,
    orLonger,
    stems: isLoose ? sequence.slice(0, 1).flatMap(stems) : [],
  }))
}

/** A quote that nothing ends is none. */
const isQuoted = (n: number, parts: number) => n % 2 === 1 && n < parts - 1

const isOneWord = ({ sequence }: Pick<Term, "sequence">) =>
  sequence.length === 1 && sequence[0]?.kind === "word"

function quoted(part: string) {
  const sequence = withoutTails([...wordsOf(part)])
  return sequence.length > 0 ? [{ sequence, isLoose: false, orLonger: false }] : []
}

/** Each word by itself; the pairs of a run together. */
function loose(part: string) {
  const runs: Word[][] = []
  let end = 0
  for (const word of wordsOf(part)) {
    if (word.start < end) runs.at(-1)?.push(word)
    else runs.push([word])
    end = word.end
  }
  return runs.map((run) => {
    const sequence = withoutTails(run)
    const isLoose = isOneWord({ sequence })
    return { sequence, isLoose, orLonger: isLoose && part[run[0]?.end ?? 0] === "*" }
  })
}

/** Leaves out the last character of a run of pairs. */
function withoutTails(words: readonly Word[]): Part[] {
  return words.filter(({ kind }, n) => kind !== "single" || words[n - 1]?.kind !== "pair")
}

/** Returns the text of the `tsquery` for the terms, with `PART` for the part of the index. */
export function tsqueryOf(terms: readonly Term[]): string {
  return terms.map(toTsquery).join(" & ")
}

function toTsquery({ sequence, stems, orLonger }: Term): string {
  const [first] = sequence
  if (sequence.length > 1 || first?.kind !== "word") return `(${joinSequence(sequence)})`
  const word = entry(first.word)
  const forms = [word, ...stems.flatMap((stem) => [entry(STEM + stem), entry(stem)])]
  if (orLonger) forms.push(`${word}:*`)
  return `(${[...new Set(forms)].join(" | ")})`
}

function joinSequence(sequence: Term["sequence"]): string {
  return sequence
    .map(({ kind, word, position }, n) => {
      const gap = n === 0 ? "" : ` <${position - (sequence[n - 1]?.position ?? 0)}> `
      return `${gap}${entry(word)}${kind === "single" ? ":*" : ""}`
    })
    .join("")
}

/** Words have no character that PostgreSQL reads as anything but itself. */
const entry = (word: string) => `'${PART}${word}'`

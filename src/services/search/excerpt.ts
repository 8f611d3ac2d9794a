import type { Term } from "./query.ts"
import type { Stems } from "./stemmer.ts"
import type { Word } from "./words.ts"

/** A piece of a text that shows what was found in it. Offsets are in UTF-16 code units. */
export interface Excerpt {
  text: string
  /** Where it begins in the whole text. */
  start: number
  /** Parts of the excerpt that match, in order, from `start` up to `end`. */
  matches: Range[]
}
interface Range {
  start: number
  end: number
}

/** Of an excerpt, in UTF-16 code units, and of what it may show before its first match. */
const LENGTH = 240
const LEAD = 60
/** How far an end of an excerpt may move to be at the end of a word. */
const WORD = 24

/** Cuts out of a text the piece that shows most of the terms: the first one of these. */
export function excerptOf(
  text: string,
  words: readonly Word[],
  terms: readonly Term[],
  stems: Stems,
): Excerpt {
  const hits = hitsIn(words, terms, stems)
  const best = bestStart(hits)
  const from = startOf(text, best)
  const to = endOf(text, Math.max(from + LENGTH, hits.find(({ start }) => start === best)?.end ?? 0))
  const shown = hits.filter(({ start, end }) => start >= from && end <= to)
  return {
    text: text.slice(from, to),
    start: from,
    matches: joined(shown).map(({ start, end }) => ({ start: start - from, end: end - from })),
  }
}

interface Hit extends Range {
  term: number
}

function hitsIn(words: readonly Word[], terms: readonly Term[], stems: Stems): Hit[] {
  const byPosition = new Map(words.map((word) => [word.position, word]))
  return words.flatMap((word) =>
    terms.flatMap((term, n) => {
      const end = endOfMatch(word, term, byPosition, stems)
      return end === null ? [] : [{ start: word.start, end, term: n }]
    }),
  )
}

/** @returns where a match of the term that begins with `word` ends; null if none does */
function endOfMatch(
  word: Word,
  term: Term,
  byPosition: ReadonlyMap<number, Word>,
  stems: Stems,
): number | null {
  const [first, ...rest] = term.sequence
  if (!first) return null
  if (rest.length === 0 && first.kind === "word") return isForm(word, term, stems) ? word.end : null
  if (!isSame(word, first)) return null
  let last = word
  for (const part of rest) {
    const next = byPosition.get(word.position + part.position - first.position)
    if (!next || !isSame(next, part)) return null
    last = next
  }
  return term.sequence.at(-1)?.kind === "single" && last.kind === "pair" ? lastOfFirst(last) : last.end
}

/** A single character is found as the beginning of a pair. */
const isSame = (word: Word, { kind, word: wanted }: Pick<Word, "kind" | "word">) =>
  kind === "single" ? word.kind !== "word" && word.word.startsWith(wanted) : word.word === wanted

const lastOfFirst = ({ middle, end }: Word) => middle ?? end

function isForm(word: Word, { sequence: [first], stems: wanted, orLonger }: Term, stems: Stems): boolean {
  if (word.kind !== "word" || !first) return false
  if (word.word === first.word || (orLonger && word.word.startsWith(first.word))) return true
  return (
    wanted.length > 0 && (wanted.includes(word.word) || stems(word).some((stem) => wanted.includes(stem)))
  )
}

/** The first hit of those LENGTH characters that have the most terms, and then the most hits. */
function bestStart(hits: readonly Hit[]): number {
  let best = { start: hits[0]?.start ?? 0, score: 0 }
  let last = 0
  const counts = new Map<number, number>()
  for (const [n, { start }] of hits.entries()) {
    for (; last < hits.length && (hits[last]?.end ?? 0) <= start + LENGTH - LEAD; last++) count(last, 1)
    const score = counts.size * hits.length + (last - n)
    if (score > best.score) best = { start, score }
    if (last > n) count(n, -1)
    else last = n + 1
  }
  return best.start

  function count(n: number, by: number): void {
    const term = hits[n]?.term ?? 0
    const left = (counts.get(term) ?? 0) + by
    if (left > 0) counts.set(term, left)
    else counts.delete(term)
  }
}

function startOf(text: string, best: number): number {
  const wanted = best - LEAD
  if (wanted <= 0) return 0
  for (let at = wanted; at < wanted + WORD; at++) if (/\s/.test(text[at - 1] ?? "")) return at
  return wholeCharacter(text, wanted)
}

function endOf(text: string, wanted: number): number {
  if (wanted >= text.length) return text.length
  for (let at = wanted; at < wanted + WORD; at++)
    if (at >= text.length || /\s/.test(text[at] ?? "")) return at
  return wholeCharacter(text, wanted)
}

/** Not between the halves of a character, nor between one and its marks. */
function wholeCharacter(text: string, wanted: number): number {
  let at = wanted
  while (at < Math.min(text.length, wanted + WORD) && CONTINUES.test(text.slice(at, at + 2))) at++
  return at
}

const CONTINUES = /^(?:[\udc00-\udfff]|\p{M}|\u200d)/u

/** Joins ranges that overlap, and the neighbouring pairs of a run with them. */
function joined(hits: readonly Range[]): Range[] {
  const ranges: Range[] = []
  for (const { start, end } of hits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const last = ranges.at(-1)
    if (last && start < last.end) last.end = Math.max(last.end, end)
    else ranges.push({ start, end })
  }
  return ranges
}

/** Returns those words of a text that some term may match by their stem, so that only these are reduced to it. */
export function wordsLike(words: readonly Word[], terms: readonly Term[]): Word[] {
  const beginnings = [...new Set(terms.flatMap(({ stems }) => stems.map(beginningOf)))]
  return words.filter(
    ({ kind, word }) => kind === "word" && beginnings.some((start) => word.startsWith(start)),
  )
}

/** Stems differ from their words at the end. */
const beginningOf = (stem: string) => stem.slice(0, Math.min(4, Math.max(1, stem.length - 1)))

import type pg from "pg"
import { type Language, languagesFor } from "./languages.ts"
import { fold, type Word } from "./words.ts"

/** Reduces words to their stems, as PostgreSQL does it. */
export interface Stemmer {
  /**
   * Returns a function that gives the stems of these words in some of `languages`, without accents: none for words of
   * other scripts, for those that are only grammar, and for all other words.
   */
  of(
    db: pg.Pool | pg.ClientBase,
    words: Iterable<Pick<Word, "written">>,
    languages: Iterable<Language>,
  ): Promise<Stems>
}
export type Stems = (word: Pick<Word, "written">) => readonly string[]

/** About 20 MB. */
const MOST_KEPT = 100_000
const NONE: readonly string[] = []

type Asked = [language: Language, written: string]
type Found = [languageAndWord: string, stem: string | null][]

/** Keeps the stems of words that it has seen: those of a language that are written often are few. */
export function createStemmer(): Stemmer {
  /** The stem by language and word; null for none. */
  const kept = new Map<string, string | null>()

  async function look(db: pg.Pool | pg.ClientBase, asked: readonly Asked[]): Promise<Found> {
    const { rows } = await (db as pg.Pool).query<{ stem: string | null }>({
      name: "stem-words",
      text: STEM,
      values: [asked.map(([language]) => language), asked.map(([, written]) => written)],
    })
    return asked.map((pair, n) => {
      const stem = rows[n]?.stem ?? null
      return [pair.join(" "), stem === null ? null : fold(stem)]
    })
  }

  return {
    async of(db, words, languages) {
      const all = [...languages]
      const written = new Set(Array.from(words, (word) => word.written).filter((word) => word !== null))
      const pairs = [...written].flatMap((word) => languagesFor(word, all).map((one): Asked => [one, word]))
      // A map of its own: another call may clear what is kept while this one waits.
      const found = new Map<string, string | null>()
      const unknown: Asked[] = []
      for (const pair of pairs) {
        const stem = kept.get(pair.join(" "))
        if (stem === undefined) unknown.push(pair)
        else found.set(pair.join(" "), stem)
      }
      for (const [key, stem] of unknown.length > 0 ? await look(db, unknown) : []) {
        found.set(key, stem)
        if (kept.size >= MOST_KEPT) kept.clear()
        kept.set(key, stem)
      }
      const stems = new Map<string, string[]>()
      for (const [language, word] of pairs) {
        const stem = found.get(`${language} ${word}`)
        const known = stems.get(word)
        if (typeof stem !== "string" || known?.includes(stem)) continue
        if (known) known.push(stem)
        else stems.set(word, [stem])
      }
      return (word) => (word.written === null ? NONE : (stems.get(word.written) ?? NONE))
    },
  }
}

const STEM = `
  SELECT (ts_lexize(('pg_catalog.' || language || '_stem')::regdictionary, word))[1] AS stem
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (language, word, n) ORDER BY n`

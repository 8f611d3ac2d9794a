import type pg from "pg"
import { type Language, languagesFor } from "./languages.ts"
import { fold, type Word } from "./words.ts"

/** Reduces words to their stems, as PostgreSQL does it. */
export interface Stemmer {
  /**
   * Returns a function that gives the stems of a word in some of `languages`, without accents: none for words of other
   * scripts and for those that are only grammar.
   */
  of(
    db: pg.Pool | pg.ClientBase,
    words: Iterable<Pick<Word, "written">>,
    languages: Iterable<Language>,
  ): Promise<Stems>
}
export type Stems = (word: Pick<Word, "written">) => string[]

/** About 20 MB. */
const MOST_KEPT = 100_000

/** Keeps the stems of words that it has seen: those of a language that are written often are few. */
export function createStemmer(): Stemmer {
  const kept = new Map<string, string | null>()
  return {
    async of(db, words, languages) {
      const all = [...languages]
      const stems = new Map<string, string | null>()
      const missing = new Map<string, [Language, string]>()
      for (const { written } of words) {
        if (written === null) continue
        for (const language of languagesFor(written, all)) {
          const key = `${language} ${written}`
          const stem = kept.get(key)
          if (stem === undefined) missing.set(key, [language, written])
          else stems.set(key, stem)
        }
      }
      if (missing.size > 0) await look([...missing])
      return ({ written }) => {
        if (written === null) return []
        const found = languagesFor(written, all).map((language) => stems.get(`${language} ${written}`))
        return [...new Set(found.filter((stem) => typeof stem === "string"))]
      }

      async function look(asked: [string, [Language, string]][]): Promise<void> {
        const { rows } = await (db as pg.Pool).query<{ stem: string | null }>({
          name: "stem-words",
          text: STEM,
          values: [asked.map(([, [language]]) => language), asked.map(([, [, written]]) => written)],
        })
        if (kept.size + asked.length > MOST_KEPT) kept.clear()
        for (const [n, [key]] of asked.entries()) {
          const stem = rows[n]?.stem ?? null
          kept.set(key, stem === null ? null : fold(stem))
          stems.set(key, stem === null ? null : fold(stem))
        }
      }
    },
  }
}

const STEM = `
  SELECT (ts_lexize(('pg_catalog.' || language || '_stem')::regdictionary, word))[1] AS stem
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (language, word, n) ORDER BY n`

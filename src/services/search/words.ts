/** A word of a text, or two neighbouring characters of a script that puts no spaces between words. */
export interface Word {
  /** The last character of a run of pairs is a word by itself, too. */
  kind: "word" | "pair" | "single"
  /** As it is compared: without case, accents and differences of width. */
  word: string
  /** As it is stemmed: the same with its accents; null for what has no stem. */
  written: string | null
  /** Its place among the text's words, from 1. */
  position: number
  /** In UTF-16 code units. */
  start: number
  end: number
  /** Of a pair: where its second character begins. */
  middle?: number
}

/** PostgreSQL counts positions up to here. What a text has beyond isn't searched. */
export const MAX_POSITION = 16_383

/** Longer ones are no words: keys, encoded files. Their beginning is what is compared. */
const MAX_WORD_LENGTH = 64

/** A run of letters and digits: the first group is of scripts without spaces, or with particles joined to words. */
const RUN =
  /((?:[[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]&&[\p{L}\p{N}]]|[[\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\u3099\u309a]&&\p{M}])+)|[[\p{L}\p{M}\p{N}]--[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Bopo}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]]+/gv

/** A character with its marks, those of half-width katakana included, or a syllable of Hangul, of its letters, too. */
const CHARACTER =
  /(?:[\u1100-\u1112][\u1161-\u1175]|[\uac00-\ud7a3])[\u11a8-\u11c2]?|[^\p{M}\uff9e\uff9f][\p{M}\uff9e\uff9f]*|[\p{M}\uff9e\uff9f]+/gu

/**
 * Splits a text into its words, in order. Of scripts without spaces every two neighbouring characters are a word, and
 * the last one of a run by itself, so that a single character is the beginning of some word, too.
 */
export function* wordsOf(text: string): Generator<Word> {
  let position = 0
  for (const run of text.matchAll(RUN)) {
    const [written, unspaced] = run
    if (unspaced !== undefined) {
      for (const pair of pairsOf(unspaced, run.index, position + 1)) {
        if (pair.position > MAX_POSITION) return
        position = pair.position
        yield pair
      }
      continue
    }
    if (++position > MAX_POSITION) return
    const lower = normalize(written)
    const word = fold(lower)
    if (word === "") position--
    else
      yield {
        kind: "word",
        word,
        written: lower,
        position,
        start: run.index,
        end: run.index + written.length,
      }
  }
}

function* pairsOf(run: string, offset: number, firstPosition: number): Generator<Word> {
  const characters = Array.from(run.matchAll(CHARACTER), ([written]) => ({
    word: normalize(written),
    length: written.length,
  }))
  let start = offset
  for (const [n, { word, length }] of characters.entries()) {
    const next = characters[n + 1]
    const end = start + length + (next?.length ?? 0)
    const kind = next ? "pair" : "single"
    const position = firstPosition + n
    yield {
      kind,
      word: word + (next?.word ?? ""),
      written: null,
      position,
      start,
      end,
      middle: start + length,
    }
    start += length
  }
}

/**
 * Signs such as ⑴ become several ones: nothing but letters, marks and digits is left. A single sign may become eighteen,
 * and have any number of marks, so the length is bounded once more.
 */
function normalize(written: string): string {
  const normal = wellFormed(written.slice(0, MAX_WORD_LENGTH)).normalize("NFKC").toLowerCase()
  return wellFormed(normal.replace(/[^\p{L}\p{M}\p{N}]+/gu, "").slice(0, MAX_WORD_LENGTH))
}

/** Letters that are no other letter with a mark, as people type them who don't have them. */
const LETTERS: Record<string, string> = {
  ß: "ss",
  ẞ: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  ł: "l",
  đ: "d",
  ð: "d",
  þ: "th",
  ı: "i",
  ς: "σ",
  ـ: "",
}

/** Marks that are left out: accents, and the vowel signs of Arabic and Hebrew. Those of other scripts are letters. */
const MARKS = /[\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0670]+/gu

/** Returns a lower-case word without its accents. */
export function fold(word: string): string {
  return word
    .normalize("NFD")
    .replace(MARKS, "")
    .replace(/[ßẞæœøłđðþıςـ]/gu, (letter) => LETTERS[letter] ?? letter)
    .normalize("NFC")
}

function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed().replaceAll("\ufffd", "")
}

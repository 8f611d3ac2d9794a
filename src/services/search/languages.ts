import { fold, type Word } from "./words.ts"

/** Languages whose words are reduced to stems: by PostgreSQL's own dictionaries, which every installation has. */
export const LANGUAGES = [
  "english",
  "german",
  "french",
  "spanish",
  "italian",
  "portuguese",
  "dutch",
  "swedish",
  "russian",
] as const
export type Language = (typeof LANGUAGES)[number]

/** Words that hardly a sentence of a language is without, and few of another have. */
const COMMON: Record<Exclude<Language, "russian">, string> = {
  english: "the and of to is that it you for was with this are have not what how can be my do does",
  german: "der die das und ist nicht ein eine ich wie mit zu den auf für sie es von dem was wir kann auch",
  french: "le la les et est un une des je vous que qui dans pour pas sur ce il du au comment mon avec",
  spanish: "el la los las es un una que de en por para no se con como lo mi del qué está su",
  italian: "il la lo gli un una che di per non con come sono mi della del più questo si anche",
  portuguese: "os as um uma que de em para não com como por se do da eu meu você mais",
  dutch: "de het een en is niet ik van dat die met voor op zijn hoe wat je aan ook maar kan dit",
  swedish: "och att det är en ett som på för inte jag med den av hur till vad kan har om du min",
}

const LANGUAGES_OF_WORD = new Map<string, Language[]>()
for (const [language, words] of Object.entries(COMMON)) {
  for (const word of words.split(" ").map(fold)) {
    LANGUAGES_OF_WORD.set(word, [...(LANGUAGES_OF_WORD.get(word) ?? []), language as Language])
  }
}

/** The languages of Latin letters. */
const LATIN = Object.keys(COMMON) as Language[]

/** So few words say too little, and have few stems. */
const SHORT = 12

/**
 * Guesses the languages of a text by the common words in it: a message is long enough to have some, often in two
 * languages. A short text without may be in each of them; a long one is likely to be code or a list.
 */
export function languagesOf(words: readonly Word[]): Set<Language> {
  const counts = new Map<Language, number>()
  for (const { word } of words)
    for (const language of LANGUAGES_OF_WORD.get(word) ?? [])
      counts.set(language, (counts.get(language) ?? 0) + 1)
  const most = Math.max(0, ...counts.values())
  const likely = LATIN.filter((language) => (counts.get(language) ?? 0) * 3 > most)
  if (most >= 2) return new Set(likely)
  return new Set(words.length <= SHORT ? LATIN : ["english", ...likely])
}

/** Returns those of `languages` that a word may be of by its letters. */
export function languagesFor(written: string, languages: Iterable<Language>): Language[] {
  if (/^\p{Script=Cyrillic}/u.test(written)) return ["russian"]
  if (!/^\p{Script=Latin}/u.test(written)) return []
  return [...languages].filter((language) => language !== "russian")
}

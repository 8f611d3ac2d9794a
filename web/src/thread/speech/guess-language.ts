/** Scripts that one language is known by. Japanese has Chinese characters, too, so it comes first. */
const SCRIPTS: [RegExp, string][] = [
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/gu, "ja"],
  [/\p{Script=Hangul}/gu, "ko"],
  [/\p{Script=Han}/gu, "zh"],
  [/\p{Script=Arabic}/gu, "ar"],
  [/\p{Script=Hebrew}/gu, "he"],
  [/\p{Script=Cyrillic}/gu, "ru"],
  [/\p{Script=Greek}/gu, "el"],
  [/\p{Script=Devanagari}/gu, "hi"],
  [/\p{Script=Thai}/gu, "th"],
]

/** Words that are in every text of a language and in few of another. */
const WORDS: Record<string, string> = {
  en: "the and is of to in that it you for with are this be",
  de: "der die das und ist nicht ein eine mit für auf sich du ich",
  fr: "le la les et est une des dans pour que vous pas avec sur",
  es: "el los las y es una por para que con del como más su",
  it: "il gli e è una di che per con non sono del della più",
  pt: "o os e é uma de que para com não do da em mais",
  nl: "de het een en is van niet met voor dat zijn je op te",
  pl: "i w nie się na jest z do to że jak od po dla",
}

const SAMPLE_CHARACTERS = 2_000

/** The language of a text by its script or its most frequent words, or null. */
export function guessLanguage(text: string): string | null {
  const sample = text.slice(0, SAMPLE_CHARACTERS)
  const letters = sample.match(/\p{L}/gu)?.length ?? 0
  if (letters === 0) return null
  for (const [script, language] of SCRIPTS)
    if ((sample.match(script)?.length ?? 0) / letters > 0.2) return language
  const words = sample.toLowerCase().match(/\p{L}+/gu) ?? []
  const scores = Object.entries(WORDS).map(([language, common]) => {
    const set = new Set(common.split(" "))
    return { language, score: words.filter((word) => set.has(word)).length / words.length }
  })
  const [best, next] = scores.sort((a, b) => b.score - a.score)
  if (!best || best.score < 0.08 || best.score === next?.score) return null
  return best.language
}

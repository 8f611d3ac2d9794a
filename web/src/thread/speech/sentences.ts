/** Browsers stop in the middle of longer ones. */
const MOST_CHARACTERS = 200

/** Cuts a text into sentences, and those that are too long at their words. */
export function toSentences(text: string): string[] {
  const lines = text
    .split(/\n+/)
    .flatMap((line) => line.match(/[^.!?。！？]+[.!?。！？]*|[.!?。！？]+/g) ?? [])
  return lines.flatMap(cut).filter((sentence) => /[\p{L}\p{N}]/u.test(sentence))
}

function cut(sentence: string): string[] {
  const rest = sentence.trim()
  if (rest.length <= MOST_CHARACTERS) return [rest]
  const parts: string[] = []
  let part = ""
  for (const word of rest.split(/(?<=[\s,;、，])/)) {
    if (part !== "" && part.length + word.length > MOST_CHARACTERS) {
      parts.push(part.trim())
      part = ""
    }
    part += word
  }
  return [...parts, part.trim()].flatMap((one) => one.match(/[\s\S]{1,1000}/g) ?? [])
}

import { formatNumber, t } from "../i18n/index.ts"

/** The longest message that the service takes, in Unicode characters. */
export const MOST_CHARACTERS = 32_000

/** Whether a text shows nothing: white space, Unicode's default ignorables, such as zero-width spaces, and blank braille. */
export const isBlank = (text: string) => /^[\s\u2800\p{DI}]*$/u.test(text)

/** How many characters a message has, as the service counts them; the exact number only where it matters. */
export function lengthOf(text: string): number {
  const { length } = text.trim()
  if (length <= MOST_CHARACTERS) return length
  let pairs = 0
  for (const _ of text.trim()) pairs += 1
  return pairs
}

/** Why a message is too long to be sent; null where it isn't. */
export function tooLong(text: string): string | null {
  const length = lengthOf(text)
  if (length <= MOST_CHARACTERS) return null
  return t.composer.tooLong(formatNumber(length), formatNumber(MOST_CHARACTERS))
}

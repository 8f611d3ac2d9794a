/** The longest message that the service takes, in Unicode characters. */
export const MOST_CHARACTERS = 32_000

/** How many characters a message has, as the service counts them; the exact number only where it matters. */
export function lengthOf(text: string): number {
  const { length } = text.trim()
  if (length <= MOST_CHARACTERS) return length
  let pairs = 0
  for (const _ of text.trim()) pairs += 1
  return pairs
}

/**
 * Text that every store keeps exactly: no NUL (PostgreSQL has no such text) and no lone surrogate
 * (UTF-8 has none, so it would come back as U+FFFD).
 */
export function isStorableText(text: string): boolean {
  return !text.includes("\u0000") && text.isWellFormed()
}

/** Length in Unicode code points, which is what a person counts closest to; UTF-16 counts an emoji twice. */
export function codePointLength(text: string): number {
  let length = text.length
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0xd800 && unit <= 0xdbff) {
      length--
      i++
    }
  }
  return length
}

/**
 * Splits `text` so that the first part does not end inside a surrogate pair: a chunk boundary may fall
 * between the two halves of an emoji, and half a pair can't be stored or sent.
 */
export function splitAtWholeCharacter(text: string): [whole: string, rest: string] {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff ? [text.slice(0, -1), text.slice(-1)] : [text, ""]
}

/** `+14155550123` → `+14*******23`: enough to recognise one's own number in a log, not to call it. */
export function maskMobileNumber(number: string): string {
  return `${number.slice(0, 3)}${"*".repeat(Math.max(0, number.length - 5))}${number.slice(-2)}`
}

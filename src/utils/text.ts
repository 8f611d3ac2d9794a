/**
 * Whether every store keeps the text unchanged: it has no NUL, which PostgreSQL rejects, and no lone surrogate, which
 * UTF-8 would turn into U+FFFD.
 */
export function isStorableText(text: string): boolean {
  return !text.includes("\u0000") && text.isWellFormed()
}

/** Counts Unicode code points, the closest to what people count; UTF-16 counts an emoji twice. */
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
 * Splits `text` so that the first part doesn't end inside a surrogate pair. A chunk boundary may split an emoji, and
 * half of a pair can't be stored or sent.
 */
export function splitAtWholeCharacter(text: string): [whole: string, rest: string] {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff ? [text.slice(0, -1), text.slice(-1)] : [text, ""]
}

/** Decodes percent-encoded text; returns text that isn't validly encoded unchanged. */
export function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Masks `+14155550123` as `+14*******23`: enough to identify a known number in a log, not enough to call it. */
export function maskMobileNumber(number: string): string {
  return `${number.slice(0, 3)}${"*".repeat(Math.max(0, number.length - 5))}${number.slice(-2)}`
}

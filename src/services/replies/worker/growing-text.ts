import { splitAtWholeCharacter } from "../../../utils/text.ts"

/** A text that grows by pieces, as it can be stored and sent. */
export interface GrowingText {
  readonly value: string
  add(piece: string): void
  /** Adds what waits for the other half of its character, which won't come. */
  flush(): void
}

/**
 * @param maxLength what comes beyond is left out
 * @param grown is called with whatever has come to it
 */
export function createGrowingText(maxLength: number, grown: (more: string) => void): GrowingText {
  let value = ""
  let half = ""
  /** Half of a character alone can't be stored or sent: it is U+FFFD everywhere. */
  const append = (text: string) => {
    const fitting = splitAtWholeCharacter(text.toWellFormed().slice(0, maxLength - value.length))[0]
    if (!fitting) return
    value += fitting
    grown(fitting)
  }
  return {
    get value() {
      return value
    },
    add(piece) {
      // PostgreSQL can't store NUL.
      const [whole, tail] = splitAtWholeCharacter(half + piece.replaceAll("\u0000", ""))
      half = tail
      append(whole)
    },
    flush() {
      append(half)
      half = ""
    },
  }
}

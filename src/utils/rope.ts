/**
 * A text that grows at its end and is mostly read there. V8 copies all of a string that has grown before it cuts a part out of
 * it, so that a long text of many small pieces would be copied once for each.
 */
export class Rope {
  #pieces: string[]
  #length: number

  constructor(text = "") {
    this.#pieces = [text]
    this.#length = text.length
  }

  /** UTF-16 code units. */
  get length(): number {
    return this.#length
  }

  append(piece: string): void {
    if (piece === "") return
    this.#pieces.push(piece)
    this.#length += piece.length
  }

  /** Returns the text from `offset` on. Reads only the pieces that hold it. */
  from(offset: number): string {
    let first = this.#pieces.length
    let start = this.#length
    while (first > 0 && start > offset) start -= (this.#pieces[--first] as string).length
    const end = this.#pieces.slice(first).join("")
    if (start === 0) this.#pieces = [end]
    return end.slice(offset - start)
  }

  toString(): string {
    return this.from(0)
  }
}

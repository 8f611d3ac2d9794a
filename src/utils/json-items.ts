/** An item of a JSON array, as its bytes; or why they weren't kept. */
export type JsonItem = { n: number; bytes: Buffer } | { n: number; refused: "too_large" | "too_deep" }

export interface ItemLimits {
  maxBytes: number
  /** Levels of arrays and objects in an item. */
  maxDepth: number
  /** Elements and members in an item: what it takes in memory once it is parsed depends on them more than on its bytes. */
  maxValues: number
}

/** The text isn't JSON, or not yet: `isCutOff`. */
export class BrokenJson extends Error {
  readonly isCutOff: boolean

  constructor(isCutOff: boolean) {
    super(isCutOff ? "the JSON text is cut off" : "the text isn't JSON")
    this.isCutOff = isCutOff
  }
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const [ARRAY, ARRAY_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d]
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/**
 * Splits a JSON text that comes in pieces into the items of its array; an object is one item. It finds where an item
 * ends, and holds one at most, however long the text is; what is in it is for `JSON.parse` to judge. Of an item beyond a
 * limit nothing is held.
 * @throws {BrokenJson} for a text that can't be an array or object of JSON
 */
export async function* splitJsonItems(
  pieces: AsyncIterable<Buffer>,
  limits: ItemLimits,
): AsyncGenerator<JsonItem> {
  const splitter = new ItemSplitter(limits)
  for await (const piece of pieces) yield* splitter.push(piece)
  splitter.end()
}

/** `start`: before the array or object. `first`, `next`: before an item. `after`: behind one. `end`: behind everything. */
type Place = "start" | "first" | "next" | "item" | "after" | "end"

class ItemSplitter {
  readonly #limits: ItemLimits
  #place: Place = "start"
  #isArray = false
  #marks = 0
  #n = 0
  #held: Buffer[] = []
  #bytes = 0
  #depth = 0
  #values = 0
  #inString = false
  #isEscaped = false
  #refused: "too_large" | "too_deep" | null = null

  constructor(limits: ItemLimits) {
    this.#limits = limits
  }

  *push(piece: Buffer): Generator<JsonItem> {
    for (let at = 0; at < piece.length; ) {
      if (this.#place !== "item") {
        at = this.#between(piece, at)
        continue
      }
      const end = this.#skim(piece, at)
      this.#keep(piece.subarray(at, end.at))
      at = end.at
      if (end.isOver) yield this.#take()
    }
  }

  end(): void {
    if (this.#place !== "end") throw new BrokenJson(true)
  }

  /** Reads a byte outside of items. @returns where to go on */
  #between(piece: Buffer, at: number): number {
    const byte = piece[at] as number
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return at + 1
    switch (this.#place) {
      case "start":
        return this.#begin(byte, at)
      case "first":
        if (byte === ARRAY_END) this.#place = "end"
        else this.#place = "item"
        return byte === ARRAY_END ? at + 1 : at
      case "next":
        this.#place = "item"
        return at
      case "after":
        if (byte !== COMMA && byte !== ARRAY_END) throw new BrokenJson(false)
        this.#place = byte === COMMA ? "next" : "end"
        return at + 1
      default:
        throw new BrokenJson(false)
    }
  }

  #begin(byte: number, at: number): number {
    if (byte === BYTE_ORDER_MARK[this.#marks]) {
      this.#marks++
      return at + 1
    }
    if (byte !== ARRAY && byte !== OBJECT) throw new BrokenJson(false)
    this.#isArray = byte === ARRAY
    this.#place = this.#isArray ? "first" : "item"
    return this.#isArray ? at + 1 : at
  }

  /** Reads on in an item. @returns where it, or the piece, ends */
  #skim(piece: Buffer, from: number): { at: number; isOver: boolean } {
    let [depth, values] = [this.#depth, this.#values]
    let [inString, isEscaped] = [this.#inString, this.#isEscaped]
    let at = from
    let isOver = false
    for (; at < piece.length && !isOver; at++) {
      const byte = piece[at] as number
      if (inString) {
        if (isEscaped) isEscaped = false
        else if (byte === BACKSLASH) isEscaped = true
        else if (byte === QUOTE) inString = false
      } else if (byte === QUOTE) inString = true
      else if (byte === OBJECT || byte === ARRAY) {
        depth++
        values++
        if (depth > this.#limits.maxDepth) this.#refuse("too_deep")
      } else if (byte === COMMA || byte === OBJECT_END || byte === ARRAY_END) {
        // Behind a number or a word of an array: it belongs to the array.
        if (depth === 0) break
        if (byte === COMMA) values++
        else isOver = --depth === 0
      }
    }
    // Something that isn't an object or an array ends where the array goes on.
    const isScalar = at < piece.length && !isOver
    this.#depth = depth
    this.#values = values
    this.#inString = inString
    this.#isEscaped = isEscaped
    if (values > this.#limits.maxValues) this.#refuse("too_large")
    return { at, isOver: isOver || isScalar }
  }

  #refuse(why: "too_large" | "too_deep"): void {
    this.#refused ??= why
    this.#held = []
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length
    if (this.#bytes > this.#limits.maxBytes) this.#refuse("too_large")
    if (this.#refused === null) this.#held.push(part)
  }

  #take(): JsonItem {
    const n = this.#n++
    const item = this.#refused ? { n, refused: this.#refused } : { n, bytes: Buffer.concat(this.#held) }
    this.#held = []
    this.#bytes = this.#depth = this.#values = 0
    this.#refused = null
    this.#place = this.#isArray ? "after" : "end"
    return item
  }
}

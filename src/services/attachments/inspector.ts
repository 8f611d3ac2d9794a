import { AttachmentInvalid } from "../../utils/errors.ts"

/** What a file's content says about itself. */
export interface Facts {
  width?: number
  height?: number
  pages?: number
}

/** What a format's inspector wants next: so many bytes to look at, so many that it doesn't, or all up to a pattern. */
export type Want = { read: number } | { skip: number } | { find: Buffer }

/** Reads one format from its first byte; gets what it has asked to read. Ends where the format does. */
export type Inspector = Generator<Want, Facts, Buffer>

const NONE = Buffer.alloc(0)

/** Feeds an inspector with a file that comes in pieces of any size. Keeps no more than it has asked to read. */
export class Feed {
  readonly #inspector: Inspector
  #want: Want
  #facts: Facts | null = null
  #kept: Buffer = NONE

  constructor(inspector: Inspector) {
    this.#inspector = inspector
    this.#want = this.#advance(NONE)
  }

  /** @throws {AttachmentInvalid} */
  push(piece: Buffer): void {
    let rest = this.#kept.length > 0 ? Buffer.concat([this.#kept, piece]) : piece
    this.#kept = NONE
    while (this.#facts === null) {
      const want = this.#want
      const taken = "find" in want ? this.#find(want.find, rest) : this.#take(want, rest)
      if (taken === null) return
      rest = rest.subarray(taken)
    }
  }

  /** @throws {AttachmentInvalid} for a file that ends too soon */
  end(): Facts {
    if (this.#facts === null) throw new AttachmentInvalid("The file is cut off.")
    return this.#facts
  }

  /** @returns how many bytes were used up; null when more are needed */
  #take(want: { read: number } | { skip: number }, bytes: Buffer): number | null {
    const size = "read" in want ? want.read : want.skip
    if (bytes.length >= size) {
      this.#want = this.#advance("read" in want ? bytes.subarray(0, size) : NONE)
      return size
    }
    if ("read" in want) this.#kept = Buffer.from(bytes)
    else this.#want = { skip: size - bytes.length }
    return null
  }

  #find(pattern: Buffer, bytes: Buffer): number | null {
    const at = bytes.indexOf(pattern)
    if (at < 0) {
      this.#kept = Buffer.from(bytes.subarray(Math.max(0, bytes.length - pattern.length + 1)))
      return null
    }
    this.#want = this.#advance(NONE)
    return at + pattern.length
  }

  #advance(bytes: Buffer): Want {
    const next = this.#inspector.next(bytes)
    if (!next.done) return next.value
    this.#facts = next.value
    return { skip: 0 }
  }
}

/** A decoder needs at most four bytes for each; more is nothing that anybody looks at. */
const MAX_PIXELS = 100_000_000

/** @throws {AttachmentInvalid} where decoding the image would take too much memory, or there is none */
export function checkSize(width: number, height: number): Facts {
  if (width < 1 || height < 1) throw new AttachmentInvalid("The image has no pixels.")
  if (width * height > MAX_PIXELS)
    throw new AttachmentInvalid(
      `An image may have ${MAX_PIXELS} pixels at most; this one is ${width} × ${height}.`,
    )
  return { width, height }
}

/** @returns never: for what a format doesn't allow */
export function broken(): never {
  throw new AttachmentInvalid("The file is broken.")
}

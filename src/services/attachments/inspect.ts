import { AttachmentInvalid } from "../../utils/errors.ts"
import { createPdfLook, createTextLook, type Look } from "./inspect-documents.ts"
import { inspectGif, inspectJpeg, inspectPng, inspectWebp } from "./inspect-images.ts"
import { type Facts, Feed } from "./inspector.ts"

/** A format that is known by its first bytes. `type` null: text, whose name says more. */
interface Format {
  type: string | null
  begins(head: Buffer): boolean
  look(): Look
}

const startsWith = (text: string) => (head: Buffer) => head.toString("latin1").startsWith(text)

const FORMATS: readonly Format[] = [
  { type: "image/png", begins: startsWith("\x89PNG\r\n\x1a\n"), look: () => new Feed(inspectPng()) },
  { type: "image/jpeg", begins: startsWith("\xff\xd8\xff"), look: () => new Feed(inspectJpeg()) },
  {
    type: "image/gif",
    begins: (head) => /^GIF8[79]a/.test(head.toString("latin1")),
    look: () => new Feed(inspectGif()),
  },
  {
    type: "image/webp",
    begins: (head) => /^RIFF.{4}WEBP/s.test(head.toString("latin1")),
    look: () => new Feed(inspectWebp()),
  },
  { type: "application/pdf", begins: startsWith("%PDF-"), look: createPdfLook },
  { type: null, begins: () => true, look: createTextLook },
]

const HEAD_BYTES = 16

/** What a file is by its content. */
export type Inspected = Facts & { type: string | null }

/** Finds out what a file is while it comes in, in pieces of any size; whatever its sender says it is. */
export function createInspection() {
  let head: Buffer = Buffer.alloc(0)
  let known: { type: string | null; look: Look } | null = null
  const begin = () => {
    const { type, look } = FORMATS.find(({ begins }) => begins(head)) as Format
    known = { type, look: look() }
    known.look.push(head)
    return known
  }
  return {
    /** @throws {AttachmentInvalid | AttachmentTypeUnknown} as soon as the content is none that is taken */
    push(piece: Buffer): void {
      if (known) known.look.push(piece)
      else {
        head = Buffer.concat([head, piece])
        if (head.length >= HEAD_BYTES) begin()
      }
    },
    /** @throws {AttachmentInvalid | AttachmentTypeUnknown} */
    end(): Inspected {
      if (head.length === 0) throw new AttachmentInvalid("The file is empty.")
      const { type, look } = known ?? begin()
      return { type, ...look.end() }
    },
  }
}

import { AttachmentInvalid, AttachmentTypeUnknown } from "../../utils/errors.ts"
import type { Facts } from "./inspector.ts"
import { checkedPages } from "./pdf-pages.ts"

/** Looks at a whole file as it comes in pieces. */
export interface Look {
  /** @throws {AttachmentInvalid | AttachmentTypeUnknown} */
  push(piece: Buffer): void
  /** @throws {AttachmentInvalid | AttachmentTypeUnknown} */
  end(): Facts
}

/** Readers look for the end mark in the last 1,024 bytes (ISO 32000, annex H); some writers put a little more behind it. */
const TAIL_BYTES = 2_048

/** PDF: what is in it is the model's business, and nothing in it is unpacked here. */
export function createPdfLook(): Look {
  const pages = checkedPages()
  let tail: Buffer = Buffer.alloc(0)
  return {
    push(piece) {
      pages.push(piece)
      tail = Buffer.concat([tail, piece.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES)
    },
    end() {
      if (!tail.includes("%%EOF")) throw new AttachmentInvalid("The PDF is cut off.")
      return pages.end()
    },
  }
}

/** Control characters that no text has; tabs, line ends, form feeds and colours of a terminal are fine. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const NO_TEXT = /[\u0000-\u0008\u000b\u000e-\u001a\u001c-\u001f\u007f]/

/** Text in UTF-8, whatever is written in it: it is served as plain text. */
export function createTextLook(): Look {
  const decoder = new TextDecoder("utf-8", { fatal: true })
  const check = (piece?: Buffer) => {
    let text: string
    try {
      text = decoder.decode(piece, { stream: piece !== undefined })
    } catch {
      throw new AttachmentTypeUnknown()
    }
    if (NO_TEXT.test(text)) throw new AttachmentTypeUnknown()
  }
  return {
    push: check,
    end() {
      check()
      return {}
    },
  }
}

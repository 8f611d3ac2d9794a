import { AttachmentInvalid } from "../../utils/errors.ts"
import type { Facts } from "./inspector.ts"

/** https://ai.google.dev/gemini-api/docs/document-processing: a document may have so many. */
const MAX_PAGES = 1_000

/** How far a node of the page tree is looked at to either side; also what is kept across the ends of pieces. */
const REACH = 4_096

/** A hostile file may consist of what looks like nodes. */
const MAX_NODES = 1_000

const NODE = "/Pages"
const LEAF = /\/Type\s{0,4}\/Page(?!\w)/g

/**
 * Counts the pages as far as the page tree is written plainly. Where it is packed away, their number stays unknown:
 * unpacking what anybody may send isn't worth it.
 */
export function checkedPages() {
  let kept = ""
  let most = 0
  let leaves = 0
  let nodes = 0
  return {
    push(piece: Buffer): void {
      const text = kept + piece.toString("latin1")
      // The last node may go on in the next piece, where it is looked at again.
      for (let at = text.indexOf(NODE); at >= 0 && nodes < MAX_NODES; at = text.indexOf(NODE, at + 1)) {
        nodes++
        most = Math.max(most, countAround(text, at))
      }
      for (const match of text.matchAll(LEAF)) if (match.index + match[0].length > kept.length) leaves++
      kept = text.slice(-REACH)
    },
    /** @throws {AttachmentInvalid} for more than the provider takes */
    end(): Facts {
      const pages = most || leaves
      if (pages > MAX_PAGES)
        throw new AttachmentInvalid(`A PDF may have ${MAX_PAGES} pages at most; this one has ${pages}.`)
      return pages > 0 ? { pages } : {}
    },
  }
}

/** The `/Count` of the dictionary around `at`, if that is a node of the page tree; otherwise 0. */
function countAround(text: string, at: number): number {
  const start = text.lastIndexOf("<<", at)
  const end = text.indexOf(">>", at)
  if (start < at - REACH || end < 0 || end > at + REACH) return 0
  const dictionary = text.slice(start, end)
  if (!/\/Type\s{0,4}\/Pages/.test(dictionary)) return 0
  return Number(/\/Count\s{1,4}(\d{1,9})/.exec(dictionary)?.[1] ?? 0)
}

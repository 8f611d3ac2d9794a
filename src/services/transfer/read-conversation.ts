import { isUtf8 } from "node:buffer"
import { isStorableText } from "../../utils/text.ts"
import { fromChatGpt, isChatGpt } from "./from-chatgpt.ts"
import { fromExport, isExport } from "./from-export.ts"
import { fromOpenWebUi, isOpenWebUi } from "./from-open-webui.ts"
import type { IncomingRoom } from "./incoming-room.ts"
import { FileRefused, Refused } from "./problems.ts"

export type ImportFormat = "chatroom" | "chatgpt" | "open-webui"

/** A conversation of a file as JSON. */
export interface Conversation {
  value: unknown
  /** Whether characters in it were replaced. */
  isMended: boolean
}

/**
 * Parses a conversation. Characters that no store takes are replaced.
 * @throws {FileRefused} where it isn't JSON: then nothing of the file can be trusted
 */
export function parseConversation(bytes: Buffer): Conversation {
  if (!isUtf8(bytes)) throw new FileRefused("not_utf8")
  const text = bytes.toString("utf8")
  try {
    // Only an escape can bring such characters into a valid text.
    return /\\u(?:0000|d[89a-f])/i.test(text)
      ? parseMended(text)
      : { value: JSON.parse(text), isMended: false }
  } catch (error) {
    if (error instanceof SyntaxError) throw new FileRefused("not_json")
    throw error
  }
}

function parseMended(text: string): Conversation {
  let isMended = false
  const value = JSON.parse(text, (_, part: unknown) => {
    if (typeof part !== "string" || isStorableText(part)) return part
    isMended = true
    return part.replaceAll("\u0000", "\ufffd").toWellFormed()
  })
  return { value, isMended }
}

/** Finds out what a conversation's format is. @throws {Refused} */
export function recognize(value: unknown): ImportFormat {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    if (isExport(value)) return "chatroom"
    if (isChatGpt(value)) return "chatgpt"
    if (isOpenWebUi(value)) return "open-webui"
  }
  throw new Refused("format_unknown")
}

/** Converts a conversation of any format, and lets other work have its turn in a long one. @throws {Refused} */
export async function readConversation({ value, isMended }: Conversation): Promise<IncomingRoom> {
  const room = await convert(value)
  if (isMended) room.notes.push("characters_replaced")
  return room
}

function convert(value: unknown): Promise<IncomingRoom> {
  switch (recognize(value)) {
    case "chatroom":
      return fromExport(value as object)
    case "chatgpt":
      return fromChatGpt(value as { mapping: object })
    case "open-webui":
      return fromOpenWebUi(value as object)
  }
}

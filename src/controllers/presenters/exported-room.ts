import type { Context } from "../../services/context.ts"
import type { OutgoingRoom } from "../../services/transfer/export-chatroom.ts"
import { presentChatroom } from "./chatroom.ts"
import { presentStored } from "./message.ts"

/** The version of the form of an exported room. One that an older importer couldn't read gets another number. */
export const EXPORT_VERSION = 1

/** Presents a room with its whole tree as one JSON document, in pieces. */
export async function* toJsonDocument(ctx: Context, { room, pages }: OutgoingRoom): AsyncGenerator<string> {
  // As it is stored: a room without a model stays one, whatever the default is where it is imported.
  const { model } = room
  const head = {
    format: "chatroom",
    version: EXPORT_VERSION,
    exportedAt: new Date().toISOString(),
    chatroom: { ...presentChatroom(room, ctx.config.gemini.model), model },
  }
  yield `${JSON.stringify(head).slice(0, -1)},"messages":[`
  let separator = ""
  for await (const page of pages) {
    yield separator + page.map((message) => JSON.stringify(presentStored(message))).join(",")
    separator = ","
  }
  yield "]}\n"
}

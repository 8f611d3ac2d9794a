import { create } from "content-disposition"
import type { ExportQuery } from "../schemas/transfer.ts"
import { cleanName } from "../services/attachments/clean-name.ts"
import type { Context } from "../services/context.ts"
import { exportBranch, exportTree } from "../services/transfer/export-chatroom.ts"
import { getImport } from "../services/transfer/import-record.ts"
import { receiveImport } from "../services/transfer/receive-import.ts"
import { accepted, ok, type UserInput } from "./http.ts"
import { toMarkdownDocument } from "./presenters/exported-markdown.ts"
import { toJsonDocument } from "./presenters/exported-room.ts"
import { presentImport } from "./presenters/import.ts"

const FORMATS = {
  json: { open: exportTree, write: toJsonDocument, ending: "json", type: "application/json; charset=utf-8" },
  markdown: {
    open: exportBranch,
    write: toMarkdownDocument,
    ending: "md",
    type: "text/markdown; charset=utf-8",
  },
}

/** Streams a room as a file. */
export async function getExport(
  ctx: Context,
  { user, params, query }: UserInput<{ params: { id: string }; query: ExportQuery }>,
) {
  const { open, write, ending, type } = FORMATS[query.format]
  const outgoing = await open(ctx, { userId: user.userId, chatroomId: params.id })
  return {
    status: 200,
    headers: { "Content-Disposition": create(fileName(outgoing.room.name, ending)) },
    chunks: write(ctx, outgoing),
    type,
  }
}

/** A name isn't a path: what would be folders stays in it. */
function fileName(name: string, ending: string): string {
  return cleanName(`${name.replace(/[/\\]/g, "-")}.${ending}`)
}

/** Takes a file of conversations, to be imported in the background. */
export async function postImport(ctx: Context, { user, upload, requestId }: UserInput) {
  const { chunks } = upload
  const received = await receiveImport(ctx, { userId: user.userId, requestId, chunks })
  const presented = presentImport({ ...received, chatrooms: [], problems: [] })
  return accepted(presented, { Location: `/import/${received.id}` })
}

export async function getOwnImport(ctx: Context, { user, params }: UserInput<{ params: { id: string } }>) {
  return ok(presentImport(await getImport(ctx, { userId: user.userId, id: params.id })))
}

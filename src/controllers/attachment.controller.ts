import { create } from "content-disposition"
import { deleteAttachment } from "../services/attachments/delete-attachment.ts"
import { findOwnAttachment, readContent } from "../services/attachments/read-attachment.ts"
import { receiveAttachment } from "../services/attachments/receive-attachment.ts"
import type { Context } from "../services/context.ts"
import { created, noContent, type UserInput } from "./http.ts"
import { presentAttachment } from "./presenters/attachment.ts"

type OneFile = { params: { id: string } }

export async function postAttachment(ctx: Context, { user, upload, requestId }: UserInput) {
  const attachment = await receiveAttachment(ctx, { userId: user.userId, requestId, ...upload })
  return created(presentAttachment(attachment), { Location: `/attachment/${attachment.id}` })
}

/** Types that a browser shows without running anything. Everything else is text, whatever is written in it. */
const AS_IS: ReadonlySet<string> = new Set([
  "image/png",
  "image/jpeg",
  "image/webp",
  "image/gif",
  "application/pdf",
])

export async function getAttachment(ctx: Context, { user, params }: UserInput<OneFile>) {
  const attachment = await findOwnAttachment(ctx, { userId: user.userId, id: params.id })
  return {
    status: 200,
    headers: { "Content-Disposition": create(attachment.name) },
    file: readContent(ctx, user.userId, attachment),
    length: attachment.bytes,
    type: AS_IS.has(attachment.type) ? attachment.type : "text/plain; charset=utf-8",
  }
}

export async function removeAttachment(ctx: Context, { user, params }: UserInput<OneFile>) {
  await deleteAttachment(ctx, { userId: user.userId, id: params.id })
  return noContent()
}

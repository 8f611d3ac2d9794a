import type { PageQuery } from "../schemas/common.ts"
import type { Context } from "../services/context.ts"
import { listFailedReplies, retryFailedReply } from "../services/generation/failed-replies.ts"
import { accepted, ok, type PublicInput, type Reply } from "./endpoint.ts"
import { nextLink } from "./page-link.ts"
import { presentFailedReply } from "./presenters/failed-reply.ts"

export async function listReplies(
  ctx: Context,
  { query }: PublicInput<{ query: PageQuery }>,
): Promise<Reply> {
  const { items, next } = await listFailedReplies(ctx, query)
  return ok(items.map(presentFailedReply), nextLink("/admin/replies", query, next))
}

export async function retryReply(
  ctx: Context,
  { params }: PublicInput<{ params: { id: string } }>,
): Promise<Reply> {
  await retryFailedReply(ctx, params.id)
  return accepted({ id: params.id, status: "queued" })
}

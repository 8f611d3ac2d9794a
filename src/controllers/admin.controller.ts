import type { RoleChange, UserSearch } from "../schemas/admin-users.ts"
import type { PageQuery } from "../schemas/common.ts"
import { listAudit } from "../services/admin/audit.ts"
import {
  listBillingEvents as listEvents,
  replayBillingEvent as replay,
} from "../services/admin/billing-events.ts"
import { findUserId, lookUpUser } from "../services/admin/look-up-user.ts"
import { setRole } from "../services/admin/set-role.ts"
import { suspendUser as suspend, unsuspendUser as unsuspend } from "../services/admin/suspend-user.ts"
import { readSystemState } from "../services/admin/system-state.ts"
import type { Context } from "../services/context.ts"
import { listFailedReplies, retryFailedReply } from "../services/generation/failed-replies.ts"
import { type AdminInput, accepted, ok, type PublicInput, type Reply } from "./endpoint.ts"
import { nextLink } from "./page-link.ts"
import {
  presentAuditEntry,
  presentBillingEvent,
  presentSystemState,
  presentUserOverview,
} from "./presenters/admin.ts"
import { presentFailedReply } from "./presenters/failed-reply.ts"

type ById = { params: { id: string } }
type Listed = { query: PageQuery }

export async function listReplies(ctx: Context, { query }: PublicInput<Listed>): Promise<Reply> {
  const { items, next } = await listFailedReplies(ctx, query)
  return ok(items.map(presentFailedReply), nextLink("/admin/replies", query, next))
}

export async function retryReply(ctx: Context, { params }: PublicInput<ById>): Promise<Reply> {
  await retryFailedReply(ctx, params.id)
  return accepted({ id: params.id, status: "queued" })
}

export async function searchUser(
  ctx: Context,
  { body, admin }: AdminInput<{ body: UserSearch }>,
): Promise<Reply> {
  const id = await findUserId(ctx, body.mobileNumber)
  admin.about(id)
  return ok(presentUserOverview(await lookUpUser(ctx, id)))
}

export async function getUser(ctx: Context, { params }: PublicInput<ById>): Promise<Reply> {
  return ok(presentUserOverview(await lookUpUser(ctx, params.id)))
}

export async function suspendUser(ctx: Context, { params }: PublicInput<ById>): Promise<Reply> {
  await suspend(ctx, params.id)
  return ok(presentUserOverview(await lookUpUser(ctx, params.id)))
}

export async function unsuspendUser(ctx: Context, { params }: PublicInput<ById>): Promise<Reply> {
  await unsuspend(ctx, params.id)
  return ok(presentUserOverview(await lookUpUser(ctx, params.id)))
}

export async function setUserRole(
  ctx: Context,
  { params, body, admin }: AdminInput<ById & { body: RoleChange }>,
): Promise<Reply> {
  await setRole(ctx, { actor: admin.actor, userId: params.id, role: body.role })
  return ok(presentUserOverview(await lookUpUser(ctx, params.id)))
}

export async function listBillingEvents(ctx: Context, { query }: PublicInput<Listed>): Promise<Reply> {
  const { items, next } = await listEvents(ctx, query)
  return ok(items.map(presentBillingEvent), nextLink("/admin/billing/events", query, next))
}

export async function replayBillingEvent(ctx: Context, { params }: PublicInput<ById>): Promise<Reply> {
  await replay(ctx, params.id)
  return accepted({ id: params.id, status: "pending" })
}

export async function listAdminActions(ctx: Context, { query }: PublicInput<Listed>): Promise<Reply> {
  const { items, next } = await listAudit(ctx, query)
  return ok(items.map(presentAuditEntry), nextLink("/admin/audit", query, next))
}

export async function getSystemState(ctx: Context): Promise<Reply> {
  return ok(presentSystemState(await readSystemState(ctx)))
}

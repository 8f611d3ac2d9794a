import type { ActivityQuery } from "../schemas/admin-activity.ts"
import type { RoleChange, UserSearch } from "../schemas/admin-users.ts"
import type { PageQuery } from "../schemas/common.ts"
import { readActivity } from "../services/admin/activity/read-activity.ts"
import { listAudit } from "../services/admin/audit.ts"
import { listBillingEvents, replayBillingEvent } from "../services/admin/billing-events.ts"
import { readFeedbackTotals } from "../services/admin/feedback-totals.ts"
import { findUserId, lookUpUser } from "../services/admin/look-up-user.ts"
import { setRole } from "../services/admin/set-role.ts"
import { suspendUser, unsuspendUser } from "../services/admin/suspend-user.ts"
import { readSystemState } from "../services/admin/system-state.ts"
import type { Context } from "../services/context.ts"
import { listDeadLetters, retryDeadLetter } from "../services/replies/accept/dead-letters.ts"
import { type AdminInput, accepted, ok, type PublicInput } from "./http.ts"
import { nextLink } from "./page-link.ts"
import {
  presentActivity,
  presentAuditEntry,
  presentBillingEvent,
  presentSystemState,
  presentUserOverview,
} from "./presenters/admin.ts"
import { presentDeadLetter } from "./presenters/dead-letter.ts"

type ById = { params: { id: string } }
type Listed = { query: PageQuery }

export async function getDeadLetters(ctx: Context, { query }: PublicInput<Listed>) {
  const { items, next } = await listDeadLetters(ctx, query)
  return ok(items.map(presentDeadLetter), nextLink("/admin/replies", query, next))
}

export async function postDeadLetterRetry(ctx: Context, { params }: PublicInput<ById>) {
  await retryDeadLetter(ctx, params.id)
  return accepted({ id: params.id, status: "queued" })
}

export async function getFeedbackTotals(ctx: Context) {
  return ok(await readFeedbackTotals(ctx))
}

export async function searchUser(ctx: Context, { body, admin }: AdminInput<{ body: UserSearch }>) {
  const id = await findUserId(ctx, body.mobileNumber)
  admin.setTarget(id)
  return overview(ctx, id)
}

export async function getUser(ctx: Context, { params }: PublicInput<ById>) {
  return overview(ctx, params.id)
}

export async function postSuspension(ctx: Context, { params }: PublicInput<ById>) {
  await suspendUser(ctx, params.id)
  return overview(ctx, params.id)
}

export async function postUnsuspension(ctx: Context, { params }: PublicInput<ById>) {
  await unsuspendUser(ctx, params.id)
  return overview(ctx, params.id)
}

export async function postUserRole(
  ctx: Context,
  { params, body, admin }: AdminInput<ById & { body: RoleChange }>,
) {
  await setRole(ctx, { actor: admin.actor, userId: params.id, role: body.role })
  return overview(ctx, params.id)
}

const overview = async (ctx: Context, userId: string) =>
  ok(presentUserOverview(await lookUpUser(ctx, userId)))

export async function getBillingEvents(ctx: Context, { query }: PublicInput<Listed>) {
  const { items, next } = await listBillingEvents(ctx, query)
  return ok(items.map(presentBillingEvent), nextLink("/admin/billing/events", query, next))
}

export async function postBillingEventReplay(ctx: Context, { params }: PublicInput<ById>) {
  await replayBillingEvent(ctx, params.id)
  return accepted({ id: params.id, status: "pending" })
}

export async function getActivity(ctx: Context, { query }: PublicInput<{ query: ActivityQuery }>) {
  return ok(presentActivity(query.range, await readActivity(ctx, query.range)))
}

export async function getAuditLog(ctx: Context, { query }: PublicInput<Listed>) {
  const { items, next } = await listAudit(ctx, query)
  return ok(items.map(presentAuditEntry), nextLink("/admin/audit", query, next))
}

export async function getSystemState(ctx: Context) {
  return ok(presentSystemState(await readSystemState(ctx)))
}

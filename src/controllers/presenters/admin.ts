import type { Activity, ActivityRange } from "../../services/admin/activity/read-activity.ts"
import type { AuditEntry } from "../../services/admin/audit.ts"
import type { BillingEvent } from "../../services/admin/billing-events.ts"
import type { UserOverview } from "../../services/admin/look-up-user.ts"
import type { SystemState } from "../../services/admin/system-state.ts"
import { presentQuota } from "./quota.ts"
import { presentDollars } from "./usage.ts"

const timeOrNull = (time: Date | null) => time?.toISOString() ?? null

export function presentUserOverview(user: UserOverview) {
  return {
    id: user.id,
    mobileNumber: user.mobileNumber,
    name: user.name,
    role: user.role,
    verifiedAt: timeOrNull(user.verifiedAt),
    suspendedAt: timeOrNull(user.suspendedAt),
    deletedAt: timeOrNull(user.deletedAt),
    createdAt: user.createdAt.toISOString(),
    hasPassword: user.hasPassword,
    openSessions: user.openSessions,
    chatrooms: user.chatrooms,
    unfinishedReplies: user.unfinishedReplies,
    usage: { prompts: user.usage.prompts, cost: presentDollars(user.usage.cost) },
    quota: user.standing && presentQuota(user.standing.quota),
    entitlement: presentEntitlement(user),
  }
}

/** The tier is the current one; the reason is from the newest log entry, which may have expired since. */
function presentEntitlement({ standing, entitlement }: UserOverview) {
  if (!standing) return null
  return {
    tier: standing.tier,
    reason: entitlement?.reason ?? "no_subscription",
    cause: entitlement?.cause ?? null,
    since: timeOrNull(entitlement?.at ?? null),
    until: presentUntil(entitlement?.until ?? null),
    subscriptionId: entitlement?.subscriptionId ?? null,
    subscriptionStatus: standing.status,
  }
}

/** `pg` parses PostgreSQL's `infinity` as a number. */
function presentUntil(until: Date | number | null): string | null {
  if (until === null) return null
  return until instanceof Date ? until.toISOString() : "infinity"
}

export function presentActivity(range: ActivityRange, { points, uncountedHours }: Activity) {
  return {
    range,
    step: range === "day" ? "hour" : "day",
    uncountedHours,
    points: points.map(({ at, prompts, completed, failed, cancelled, cost, latency }) => ({
      at: at.toISOString(),
      prompts,
      completed,
      failed,
      cancelled,
      cost: { amount: cost, currency: "USD" },
      latency,
    })),
  }
}

export function presentAuditEntry(entry: AuditEntry) {
  const { id, at, actor, action, targetId, requestId, address, outcome } = entry
  return { id, at: at.toISOString(), actor, action, targetId, requestId, address, outcome }
}

export function presentBillingEvent(event: BillingEvent) {
  return {
    id: event.id,
    type: event.type,
    status: event.status,
    objectId: event.objectId,
    stripeCustomerId: event.stripeCustomerId,
    tries: event.tries,
    createdAt: timeOrNull(event.createdAt),
    receivedAt: event.receivedAt.toISOString(),
    handledAt: timeOrNull(event.handledAt),
  }
}

export function presentSystemState(state: SystemState) {
  return {
    version: state.version,
    node: state.node,
    uptimeSeconds: state.uptimeSeconds,
    health: state.health,
    queues: state.queues,
    workers: state.workers.map(({ id, seenAt, concurrency, meanMs }) => ({
      id,
      seenAt: seenAt.toISOString(),
      concurrency,
      meanMs,
    })),
    migration: state.migration,
    config: state.config,
  }
}

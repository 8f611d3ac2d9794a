import type { Standing } from "../../services/billing/get-subscription.ts"
import type { EntitlementEntry } from "../../services/billing/list-entitlements.ts"

export function presentSubscription(standing: Standing) {
  const { tier, status, currentPeriodEnd, cancelAt, day, used, limit, resetsAt } = standing
  return {
    tier,
    status: status ?? "none",
    currentPeriodEnd: currentPeriodEnd?.toISOString() ?? null,
    cancelAt: cancelAt?.toISOString() ?? null,
    usage: {
      day,
      used,
      limit,
      remaining: limit === null ? null : Math.max(0, limit - used),
      resetsAt: resetsAt.toISOString(),
    },
  }
}

export function presentEntitlement(entry: EntitlementEntry) {
  const { id, at, tier, until, reason, cause, eventId, subscriptionId } = entry
  return {
    id,
    at: at.toISOString(),
    tier,
    until: until?.toISOString() ?? null,
    reason,
    cause,
    eventId,
    subscriptionId,
  }
}

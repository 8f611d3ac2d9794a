import type { Standing } from "../../services/billing/get-subscription.ts"
import type { EntitlementEntry } from "../../services/billing/list-entitlements.ts"
import { presentQuota } from "./quota.ts"

export function presentSubscription(standing: Standing) {
  const { tier, status, currentPeriodEnd, cancelAt, actionUrl, quota } = standing
  return {
    tier,
    status: status ?? "none",
    currentPeriodEnd: currentPeriodEnd?.toISOString() ?? null,
    cancelAt: cancelAt?.toISOString() ?? null,
    actionUrl,
    usage: presentQuota(quota),
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

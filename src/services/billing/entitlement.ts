/** The facts of a subscription that decide about access. */
export interface SubscriptionFacts {
  id: string
  /** Stripe's status; Stripe may add new ones. */
  status: string
  priceId: string | null
  livemode: boolean
  createdAt: Date
  /** End of the newest paid period; null when none was paid. */
  paidUntil: Date | null
  trialEnd: Date | null
  /** Scheduled end, from `cancel_at` or `cancel_at_period_end`. */
  cancelAt: Date | null
  /** How the newest payment was taken back: by a full refund, or a dispute that we haven't won. */
  withheld: "refunded" | "disputed" | null
}

export interface EntitlementRules {
  /** The prices that give Pro: the current one first, then former ones. */
  proPrices: readonly string[]
  livemode: boolean
  /** How late a renewal may be after the paid period. */
  graceMs: number
}

export type Reason =
  | "paid"
  | "trial"
  | "ending"
  | "grace"
  | "no_subscription"
  | "incomplete"
  | "overdue"
  | "ended"
  | "paused"
  | "refunded"
  | "disputed"
  | "unknown_price"
  | "wrong_mode"

export interface Entitlement {
  tier: "basic" | "pro"
  /** When Pro ends unless it is renewed; null on Basic. */
  until: Date | null
  reason: Reason
  subscriptionId: string | null
}

/**
 * Computes a user's entitlement at `now`: the best that any of their subscriptions gives. Access follows payment and
 * not the subscription's period, which Stripe advances before it collects the money.
 */
export function entitlementOf(
  subscriptions: readonly SubscriptionFacts[],
  rules: EntitlementRules,
  now: Date,
): Entitlement {
  const each = subscriptions.toSorted(byRelevance).map((subscription) => evaluate(subscription, rules, now))
  return each.reduce(better, { tier: "basic", until: null, reason: "no_subscription", subscriptionId: null })
}

/** Sorts the most relevant subscription last: ended before others, older before newer. */
function byRelevance(a: SubscriptionFacts, b: SubscriptionFacts): number {
  const hasEnded = ({ status }: SubscriptionFacts) => Number(CLOSED[status] === "ended")
  return hasEnded(b) - hasEnded(a) || a.createdAt.getTime() - b.createdAt.getTime()
}

/** Prefers Pro to Basic and a later end to an earlier one. Of two Basics, the more relevant gives the reason. */
function better(best: Entitlement, other: Entitlement): Entitlement {
  return (other.until?.getTime() ?? 0) >= (best.until?.getTime() ?? 0) ? other : best
}

function evaluate(facts: SubscriptionFacts, rules: EntitlementRules, now: Date): Entitlement {
  const basic = (reason: Reason): Entitlement => ({
    tier: "basic",
    until: null,
    reason,
    subscriptionId: facts.id,
  })
  if (facts.livemode !== rules.livemode) return basic("wrong_mode")
  if (facts.priceId === null || !rules.proPrices.includes(facts.priceId)) return basic("unknown_price")
  const closed = CLOSED[facts.status]
  if (closed) return basic(closed)
  if (facts.withheld !== null) return basic(facts.withheld)
  const span = paidSpan(facts, rules)
  if (span === null) return basic("incomplete")
  if (span.until <= now) return basic(span.ending ? "ended" : "overdue")
  const reason = span.ending ? "ending" : now < span.covered ? span.reason : "grace"
  return { tier: "pro", until: span.until, reason, subscriptionId: facts.id }
}

/**
 * The statuses that give nothing, whatever was paid. `past_due` isn't one of them: the grace period decides. A status
 * that Stripe adds later gives what was paid for, without grace.
 */
const CLOSED: Record<string, Reason | undefined> = {
  incomplete: "incomplete",
  incomplete_expired: "incomplete",
  unpaid: "overdue",
  canceled: "ended",
  paused: "paused",
}

/** The statuses that get grace. Stripe itself waits an hour after the period's end before it charges. */
const RENEWING = new Set(["active", "trialing", "past_due"])

function paidSpan(
  { status, paidUntil, trialEnd, cancelAt }: SubscriptionFacts,
  { graceMs }: EntitlementRules,
) {
  const trial = status === "trialing" ? trialEnd : null
  const covered = latest(paidUntil, trial)
  if (covered === null) return null
  const lapses = new Date(covered.getTime() + (RENEWING.has(status) ? graceMs : 0))
  const ending = cancelAt !== null && cancelAt <= lapses
  const reason: Reason = trial && covered <= trial ? "trial" : "paid"
  return { covered, until: ending ? cancelAt : lapses, ending, reason }
}

function latest(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b
  return a >= b ? a : b
}

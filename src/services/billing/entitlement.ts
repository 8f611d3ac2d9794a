/** What of a subscription decides about access. */
export interface SubscriptionFacts {
  id: string
  /** Stripe's word; the list is open. */
  status: string
  priceId: string | null
  livemode: boolean
  createdAt: Date
  /** The end of the newest period that was paid; null when none was. */
  paidUntil: Date | null
  trialEnd: Date | null
  /** When it is to end, whether by `cancel_at` or by `cancel_at_period_end`. */
  cancelAt: Date | null
  /** The newest payment was taken back: in full by a refund, or by a dispute that isn't won. */
  withheld: "refunded" | "disputed" | null
}

export interface EntitlementRules {
  /** The prices that make somebody Pro: the one that is sold, and those that were. */
  proPrices: readonly string[]
  livemode: boolean
  /** How long after the paid period a renewal may be late. */
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
  /** When Pro ends by itself if nothing more happens; null on Basic. */
  until: Date | null
  reason: Reason
  subscriptionId: string | null
}

/**
 * What a user may do by what is known of their subscriptions at `now`: the best that any of them gives. Access
 * follows payment. Stripe moves a subscription's period before it asks for the money, so the period says nothing.
 */
export function entitlementOf(
  subscriptions: readonly SubscriptionFacts[],
  rules: EntitlementRules,
  now: Date,
): Entitlement {
  const each = subscriptions.toSorted(byWeight).map((subscription) => judge(subscription, rules, now))
  return each.reduce(better, { tier: "basic", until: null, reason: "no_subscription", subscriptionId: null })
}

/** What is over says less than what is not, and the older less than the newer. */
function byWeight(a: SubscriptionFacts, b: SubscriptionFacts): number {
  const isOver = ({ status }: SubscriptionFacts) => Number(CLOSED[status] === "ended")
  return isOver(b) - isOver(a) || a.createdAt.getTime() - b.createdAt.getTime()
}

/** Pro before Basic and longer before shorter; of two Basics the weightier says why. */
function better(best: Entitlement, other: Entitlement): Entitlement {
  return (other.until?.getTime() ?? 0) >= (best.until?.getTime() ?? 0) ? other : best
}

function judge(facts: SubscriptionFacts, rules: EntitlementRules, now: Date): Entitlement {
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
  const span = spanOf(facts, rules)
  if (span === null) return basic("incomplete")
  if (span.until <= now) return basic(span.ending ? "ended" : "overdue")
  const reason = span.ending ? "ending" : now < span.covered ? span.reason : "grace"
  return { tier: "pro", until: span.until, reason, subscriptionId: facts.id }
}

/**
 * The states that give nothing, whatever was paid. `past_due` isn't among them: the grace decides. Nor is a state
 * that Stripe may add: it gets what was paid for, and no grace.
 */
const CLOSED: Record<string, Reason | undefined> = {
  incomplete: "incomplete",
  incomplete_expired: "incomplete",
  unpaid: "overdue",
  canceled: "ended",
  paused: "paused",
}

/** What a renewal may be late in: Stripe itself takes an hour from the period's end to the first try. */
const RENEWING = new Set(["active", "trialing", "past_due"])

function spanOf({ status, paidUntil, trialEnd, cancelAt }: SubscriptionFacts, { graceMs }: EntitlementRules) {
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

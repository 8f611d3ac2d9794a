import type Stripe from "stripe"
import type { Period } from "../objects/subscription.ts"

export const HOUR = 60 * 60
export const DAY = 24 * HOUR

type Recurring = Pick<Stripe.Price.Recurring, "interval" | "interval_count">

/**
 * The period that begins at `start` (Unix seconds), which is the anchor or the end of another period. Counted from the
 * anchor, so that a subscription begun on the 31st is renewed on the last day of short months and on the 31st of the
 * others.
 */
export function nextPeriod(anchor: number, start: number, recurring: Recurring): Period {
  let count = 1
  while (later(anchor, recurring, count) <= start) count += 1
  return { start, end: later(anchor, recurring, count) }
}

function later(anchor: number, { interval, interval_count }: Recurring, periods: number): number {
  const count = interval_count * periods
  if (interval === "day") return anchor + count * DAY
  if (interval === "week") return anchor + count * 7 * DAY
  return monthsLater(anchor, interval === "year" ? count * 12 : count)
}

/** The same time of day that many months later, on the last day of a month that is too short. */
export function monthsLater(seconds: number, months: number): number {
  const from = new Date(seconds * 1000)
  const to = new Date(from)
  to.setUTCDate(1)
  to.setUTCMonth(from.getUTCMonth() + months)
  const lastDay = new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth() + 1, 0)).getUTCDate()
  to.setUTCDate(Math.min(from.getUTCDate(), lastDay))
  return to.getTime() / 1000
}

import type Stripe from "stripe"
import { discountObject } from "../objects/promotions.ts"
import type { Account } from "./account.ts"
import { monthsLater } from "./periods.ts"
import { invalid } from "./refusals.ts"

/** A coupon that is taken, and the id of the promotion code by which. */
export type Promotion = { coupon: string; code: string | null }

/** Finds the promotion of a code as a buyer types it. Refuses an unknown one, as the page does. */
export function promotionOf(account: Account, typed: string): Promotion {
  const found = account.store
    .all("promotion_code")
    .find(({ active, code }) => active && code.toLowerCase() === typed.trim().toLowerCase())
  const coupon = found && account.store.get("coupon", String(found.promotion.coupon))
  if (!found || !coupon?.valid) throw invalid("This code is invalid.", "promotion_code")
  return { coupon: coupon.id, code: found.id }
}

/** Gives a subscription a discount. */
export function addDiscount(
  account: Account,
  subscription: Stripe.Subscription,
  { coupon: id, code }: Promotion,
  session: string | null,
) {
  const coupon = account.store.need("coupon", id)
  const months = coupon.duration === "repeating" ? coupon.duration_in_months : null
  const discount = discountObject(account, {
    coupon: id,
    customer: String(subscription.customer),
    subscription: subscription.id,
    checkout_session: session,
    promotion_code: code,
    end: months === null ? null : monthsLater(account.now(), months),
  })
  account.store.add("discount", discount)
  subscription.discounts = [discount.id]
  coupon.times_redeemed += 1
  if (code) account.store.need("promotion_code", code).times_redeemed += 1
}

/** The discount that a subscription has now, with its coupon. */
export function discountOf(account: Account, { discounts }: Stripe.Subscription) {
  const discount = account.store.get("discount", String(discounts[0]))
  if (!discount || (discount.end !== null && discount.end <= account.now())) return undefined
  return { discount, coupon: account.store.need("coupon", String(discount.source.coupon)) }
}

/** What a coupon takes off an amount. */
export function amountOff({ percent_off, amount_off }: Stripe.Coupon, amount: number): number {
  if (amount <= 0) return 0
  return percent_off === null ? Math.min(amount, amount_off ?? 0) : Math.round((amount * percent_off) / 100)
}

import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { base, defined, nulls } from "./fields.ts"

/** A coupon. Amounts are in cents. */
export function couponObject(
  account: Account,
  fields: Partial<Stripe.Coupon> & Pick<Stripe.Coupon, "duration">,
): Stripe.Coupon {
  return {
    ...base(account, "coupon", newId("", 8).slice(1)),
    metadata: {},
    times_redeemed: 0,
    valid: true,
    ...nulls("amount_off currency duration_in_months max_redemptions name percent_off redeem_by"),
    ...defined(fields),
  }
}

type NewCode = Partial<Pick<Stripe.PromotionCode, "active" | "code" | "metadata">> & { coupon: string }

/** A code by which buyers take a coupon. */
export function promotionCodeObject(account: Account, { coupon, ...fields }: NewCode): Stripe.PromotionCode {
  return {
    ...base(account, "promotion_code", newId("promo")),
    active: true,
    code: newId("", 8).slice(1).toUpperCase(),
    metadata: {},
    promotion: { coupon, type: "coupon" },
    restrictions: { first_time_transaction: false, ...nulls("minimum_amount minimum_amount_currency") },
    times_redeemed: 0,
    ...nulls("customer customer_account expires_at max_redemptions"),
    ...defined(fields),
  }
}

type NewDiscount = Pick<Stripe.Discount, "checkout_session" | "customer" | "promotion_code" | "end"> & {
  coupon: string
  subscription: string
}

/** A coupon that a subscription has. */
export function discountObject(account: Account, { coupon, ...fields }: NewDiscount): Stripe.Discount {
  return {
    id: newId("di"),
    object: "discount",
    source: { coupon, type: "coupon" },
    start: account.now(),
    ...nulls("customer_account invoice invoice_item subscription_item"),
    ...fields,
  }
}

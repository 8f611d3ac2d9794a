import { z } from "zod"
import type { Account } from "../model/account.ts"
import type { Promotion } from "../model/discounts.ts"
import { invalid } from "../model/refusals.ts"
import { flag, integer, text, undone } from "./params.ts"

/** The parameters about a trial, a discount and taxes that Checkout and subscriptions share. */
export const trialDays = integer
  .refine((days) => days >= 1 && days <= 730, "must be from 1 to 730")
  .optional()

export const automaticTax = z.strictObject({ enabled: flag, ...undone("liability") }).optional()

export const discounts = z
  .array(z.strictObject({ coupon: text.optional(), promotion_code: text.optional(), ...undone("discount") }))
  .min(1)
  .max(1, "the simulator takes one discount")

/** Finds the coupon that a request names, by itself or by its promotion code. Refuses what there isn't. */
export function lookUpPromotion(
  account: Account,
  [asked]: z.output<typeof discounts>,
  param: string,
): Promotion | null {
  if (!asked) return null
  const { coupon, promotion_code: code } = asked
  if ((coupon === undefined) === (code === undefined)) {
    throw invalid("You must specify one of these parameters: coupon, promotion_code.", param)
  }
  if (code === undefined) {
    return usable(account, { coupon: String(coupon), code: null }, `${param}[coupon]`)
  }
  const found = account.store.lookUp("promotion_code", code, `${param}[promotion_code]`)
  if (!found.active) throw invalid(`This promotion code (${code}) is inactive.`, `${param}[promotion_code]`)
  return usable(
    account,
    { coupon: String(found.promotion.coupon), code: found.id },
    `${param}[promotion_code]`,
  )
}

function usable(account: Account, promotion: Promotion, param: string): Promotion {
  const { valid, id } = account.store.lookUp("coupon", promotion.coupon, param)
  if (!valid) throw invalid(`Coupon expired: ${id}`, param, "coupon_expired")
  return promotion
}

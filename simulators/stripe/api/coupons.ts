import { z } from "zod"
import { invalid } from "../model/refusals.ts"
import { couponObject, promotionCodeObject } from "../objects/promotions.ts"
import { flag, integer, metadata, newMetadata, optional, patchOf, range, text, undone } from "./params.ts"
import { type Call, listAndRetrieve, type Route, route, update } from "./route.ts"

const Create = {
  metadata: newMetadata,
  duration: z.enum(["forever", "once", "repeating"]).default("once"),
  ...optional({ id: text, name: text, currency: text, amount_off: integer, duration_in_months: integer }),
  percent_off: z.coerce.number().gt(0).max(100).optional(),
  ...undone("applies_to currency_options max_redemptions redeem_by"),
}
const CreateCode = {
  metadata: newMetadata,
  promotion: z.strictObject({ type: z.literal("coupon"), coupon: text }),
  ...optional({ active: flag, code: text }),
  ...undone("customer customer_account expires_at max_redemptions restrictions"),
}
const List = {
  coupon: text,
  code: text,
  active: flag,
  created: range,
  ...undone("customer customer_account"),
}

export const couponRoutes: Route[] = [
  route("POST", "/v1/coupons", Create, create),
  ...listAndRetrieve("/v1/coupons", "coupon", { created: range }),
  update("/v1/coupons", "coupon", { name: text.optional(), ...undone("currency_options") }),
  route("POST", "/v1/promotion_codes", CreateCode, ({ account, params }) => {
    const { promotion, ...fields } = params
    const coupon = account.store.lookUp("coupon", promotion.coupon, "promotion[coupon]").id
    return account.store.add("promotion_code", promotionCodeObject(account, { ...fields, coupon }))
  }),
  ...listAndRetrieve("/v1/promotion_codes", "promotion_code", List, {
    tests: {
      coupon: ({ promotion }, coupon) => promotion.coupon === coupon,
      code: ({ code }, asked) => code.toLowerCase() === asked.toLowerCase(),
    },
  }),
  route(
    "POST",
    "/v1/promotion_codes/:id",
    optional({ active: flag, metadata }),
    ({ account, id, params }) => {
      const code = account.store.lookUp("promotion_code", id)
      return Object.assign(code, patchOf(code, params))
    },
  ),
]

function create({ account, params }: Call<typeof Create>) {
  const { amount_off, percent_off, currency, duration, duration_in_months } = params
  if ((amount_off === undefined) === (percent_off === undefined)) {
    throw invalid("Must provide either percent_off or amount_off.", "percent_off")
  }
  if (amount_off !== undefined && currency === undefined) {
    throw invalid("You must pass currency when passing amount_off.", "currency", "parameter_missing")
  }
  if ((duration === "repeating") !== (duration_in_months !== undefined)) {
    throw invalid("Use duration_in_months with duration=repeating, and only then.", "duration_in_months")
  }
  return account.create("coupon", couponObject(account, params), "coupon.created")
}

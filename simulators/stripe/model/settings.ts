import { z } from "zod"

/** What one would set in Stripe's Dashboard. */
export const Settings = z.strictObject({
  /** What becomes of a subscription whose last retry failed. */
  dunning: z.enum(["cancel", "unpaid", "past_due"]),
  /** Days after a failed payment that it is tried again; an empty list means never. */
  retryDays: z.array(z.number().positive()).max(20),
  /** What a dispute does to the subscription that it is about. */
  cancelOnDispute: z.union([z.boolean(), z.literal("at_period_end")]),
  /** What the objects say of themselves; for tests of what doesn't belong together. */
  livemode: z.boolean(),
})

export type Settings = z.infer<typeof Settings>

/** https://docs.stripe.com/billing/revenue-recovery/smart-retries: at most three tries of one's own schedule. */
export const DEFAULT_SETTINGS: Settings = {
  dunning: "cancel",
  retryDays: [3, 5, 7],
  cancelOnDispute: false,
  livemode: false,
}

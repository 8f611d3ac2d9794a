import { z } from "zod"
import { Id, Time } from "./common.ts"
import { Quota } from "./usage.ts"

/** Percent-encoded in the query it stays below the 16 KB that Node takes of a request's head, whatever its characters. */
const MAX_RETURN_URL = 1_000

const ReturnUrl = z
  .url({ protocol: /^https?$/ })
  .max(MAX_RETURN_URL)
  .optional()
  .describe(
    "Where to return to; its origin is one of `CORS_ORIGINS` or that of `PUBLIC_URL`. `from` is added to it.",
  )

export const NewCheckout = z
  .strictObject({
    interval: z.enum(["month", "year"]).optional().describe("By default the one that is sold first."),
    returnUrl: ReturnUrl,
  })
  .default({})
  .meta({ id: "NewCheckout", examples: [{ interval: "month" }] })
export type NewCheckout = z.infer<typeof NewCheckout>

export const NewPortalPage = z
  .strictObject({ returnUrl: ReturnUrl })
  .default({})
  .meta({ id: "NewPortalPage", examples: [{}] })
export type NewPortalPage = z.infer<typeof NewPortalPage>

export const CheckoutPage = z
  .object({
    url: z.url().describe("The Stripe Checkout page."),
    sessionId: z.string().meta({ examples: ["cs_test_a1B2c3"] }),
  })
  .meta({
    id: "CheckoutPage",
    examples: [{ url: "https://checkout.stripe.com/c/pay/cs_test_a1B2c3", sessionId: "cs_test_a1B2c3" }],
  })

export const PortalPage = z
  .object({ url: z.url().describe("The Stripe customer portal; the link expires within minutes.") })
  .meta({ id: "PortalPage", examples: [{ url: "https://billing.stripe.com/p/session/test_a1B2c3" }] })

const Tier = z.enum(["basic", "pro"])

export const SubscriptionStatus = z
  .object({
    tier: Tier,
    status: z
      .string()
      .describe("The Stripe status of the newest subscription, such as `active` or `past_due`, or `none`.")
      .meta({ examples: ["active"] }),
    currentPeriodEnd: Time.nullable(),
    cancelAt: Time.nullable().describe("When the subscription ends, if it is set to end."),
    actionUrl: z
      .url()
      .nullable()
      .describe(
        "Stripe's page to pay or confirm an invoice that couldn't be charged; `null` if there is none.",
      )
      .meta({ examples: ["https://invoice.stripe.com/i/acct_1/live_1"] }),
    usage: Quota,
  })
  .meta({ id: "SubscriptionStatus" })

export const Entitlement = z
  .object({
    id: Id,
    at: Time,
    tier: Tier,
    until: Time.nullable().describe("When Pro ends unless it is renewed."),
    reason: z
      .string()
      .describe("Such as `paid`, `trial`, `ending`, `grace`, `overdue`, `ended`, `refunded`, `disputed`.")
      .meta({ examples: ["paid"] }),
    cause: z.enum(["event", "checkout", "reconcile", "schedule", "deletion"]),
    eventId: z.string().nullable().describe("The Stripe event that caused the change."),
    subscriptionId: z.string().nullable(),
  })
  .meta({ id: "Entitlement" })

export const Received = z.object({ received: z.literal(true) }).meta({ id: "Received" })

/** Where Stripe redirected from. Any other value shows the plain page. */
export const ReturnQuery = z.object({
  from: z.string().max(100).optional().describe("`paid`, `left` or `portal`."),
  sessionId: z
    .string()
    .max(255)
    .optional()
    .describe("The Checkout session, whose payment is then read at once."),
  to: z.string().max(MAX_RETURN_URL).optional().describe("The `returnUrl` to go on to."),
})
export type ReturnQuery = z.infer<typeof ReturnQuery>

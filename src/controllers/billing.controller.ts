import type { PageQuery } from "../schemas/common.ts"
import { getSubscription } from "../services/billing/get-subscription.ts"
import { listEntitlements } from "../services/billing/list-entitlements.ts"
import { openPortal } from "../services/billing/open-portal.ts"
import { receiveEvent } from "../services/billing/receive-event.ts"
import { startCheckout } from "../services/billing/start-checkout.ts"
import type { Context } from "../services/context.ts"
import { BillingUnavailable } from "../utils/errors.ts"
import { html, ok, type PublicInput, type UserInput } from "./http.ts"
import { nextLink } from "./page-link.ts"
import { page } from "./presenters/page.ts"
import { presentEntitlement, presentSubscription } from "./presenters/subscription.ts"

export async function postSubscribePro(ctx: Context, { user }: UserInput) {
  requireBilling(ctx)
  return ok(await startCheckout(ctx, user.userId))
}

export async function getSubscriptionStatus(ctx: Context, { user }: UserInput) {
  return ok(presentSubscription(await getSubscription(ctx, user.userId)))
}

export async function getSubscriptionHistory(ctx: Context, { user, query }: UserInput<{ query: PageQuery }>) {
  const { items, next } = await listEntitlements(ctx, { userId: user.userId, ...query })
  return ok(items.map(presentEntitlement), nextLink("/subscription/history", query, next))
}

export async function postPortal(ctx: Context, { user }: UserInput) {
  requireBilling(ctx)
  return ok({ url: await openPortal(ctx, user.userId) })
}

export async function postStripeWebhook(ctx: Context, { raw, header }: PublicInput) {
  requireBilling(ctx)
  await receiveEvent(ctx, raw, header("stripe-signature"))
  return ok({ received: true })
}

/** @throws {BillingUnavailable} in a production that has no Stripe account yet */
function requireBilling({ config }: Context): void {
  if (!config.stripe.enabled) throw new BillingUnavailable()
}

/** Returns the page that Stripe redirects to. It shows no user data, because the request isn't authenticated. */
export function getReturnPage(_ctx: Context, { query }: PublicInput<{ query: { from?: string } }>) {
  const known = Object.hasOwn(RETURNED, query.from ?? "") ? (query.from as keyof typeof RETURNED) : "portal"
  const [title, text] = RETURNED[known]
  return html(page(title, `<p>${text}</p>`))
}

const RETURNED = {
  paid: [
    "Thank you",
    "Stripe has received your payment. Pro starts within seconds. You can close this page.",
  ],
  left: [
    "No payment was made",
    "You left the payment page, so your subscription hasn't changed. You can close this page.",
  ],
  portal: ["Back from Stripe", "Your changes take effect within seconds. You can close this page."],
} as const

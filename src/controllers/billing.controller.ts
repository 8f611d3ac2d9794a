import type { NewCheckout, NewPortalPage, ReturnQuery } from "../schemas/billing.ts"
import type { PageQuery } from "../schemas/common.ts"
import { confirmCheckout } from "../services/billing/confirm-checkout.ts"
import { getSubscription } from "../services/billing/get-subscription.ts"
import { listEntitlements } from "../services/billing/list-entitlements.ts"
import { openPortal } from "../services/billing/open-portal.ts"
import { receiveEvent } from "../services/billing/receive-event.ts"
import { onwardUrl, type Returned } from "../services/billing/return-url.ts"
import { startCheckout } from "../services/billing/start-checkout.ts"
import type { Context } from "../services/context.ts"
import { BillingUnavailable } from "../utils/errors.ts"
import { html, ok, type PublicInput, seeOther, type UserInput } from "./http.ts"
import { nextLink } from "./page-link.ts"
import { presentReturnPage } from "./presenters/return-page.ts"
import { presentEntitlement, presentSubscription } from "./presenters/subscription.ts"

export async function postSubscribePro(ctx: Context, { user, body }: UserInput<{ body: NewCheckout }>) {
  requireBilling(ctx)
  return ok(await startCheckout(ctx, { userId: user.userId, ...body }))
}

export async function getSubscriptionStatus(ctx: Context, { user }: UserInput) {
  return ok(presentSubscription(await getSubscription(ctx, user.userId)))
}

export async function getSubscriptionHistory(ctx: Context, { user, query }: UserInput<{ query: PageQuery }>) {
  const { items, next } = await listEntitlements(ctx, { userId: user.userId, ...query })
  return ok(items.map(presentEntitlement), nextLink("/subscription/history", query, next))
}

export async function postPortal(ctx: Context, { user, body }: UserInput<{ body: NewPortalPage }>) {
  requireBilling(ctx)
  return ok({ url: await openPortal(ctx, { userId: user.userId, ...body }) })
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

/**
 * Returns the page that Stripe redirects to, or sends the user on to the front end. It shows the tier and no other user
 * data, because the request isn't authenticated: the session's id is what it knows.
 */
export async function getReturnPage(ctx: Context, { query }: PublicInput<{ query: ReturnQuery }>) {
  const from = RETURNED.find((each) => each === query.from) ?? "portal"
  const isPayment = ctx.config.stripe.enabled && from === "paid" && query.sessionId !== undefined
  const tier = isPayment ? await confirmCheckout(ctx, query.sessionId as string) : null
  const onward = onwardUrl(ctx.config, from, query.to)
  return onward ? seeOther(onward) : html(presentReturnPage(from, tier))
}

const RETURNED: readonly Returned[] = ["paid", "left", "portal"]

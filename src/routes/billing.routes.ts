import {
  getReturnPage,
  getSubscriptionHistory,
  getSubscriptionStatus,
  postPortal,
  postStripeWebhook,
  postSubscribePro,
} from "../controllers/billing.controller.ts"
import {
  CheckoutPage,
  Entitlement,
  NewCheckout,
  NewPortalPage,
  PortalPage,
  Received,
  ReturnQuery,
  SubscriptionStatus,
} from "../schemas/billing.ts"
import { PageQuery } from "../schemas/common.ts"
import { type Endpoint, get, media, post } from "./endpoint.ts"

export const billingRoutes: Endpoint[] = [
  post("/subscribe/pro", {
    summary: "Start the upgrade to Pro in Stripe Checkout",
    description:
      "Returns the same Checkout page for as long as it is open. Pro starts once Stripe has confirmed the payment, which is read as soon as the payer returns from the page.",
    auth: "user",
    limit: "write",
    body: NewCheckout,
    reply: { 200: CheckoutPage },
    errors: ["already_subscribed", "payment_pending", "billing_unavailable"],
    run: postSubscribePro,
  }),
  get("/subscription/status", {
    summary: "Get your tier, subscription and today's usage",
    description:
      "As of the last event or read from Stripe. `actionUrl` is where a renewal that failed can be paid or confirmed.",
    auth: "user",
    limit: "read",
    reply: { 200: SubscriptionStatus },
    run: getSubscriptionStatus,
  }),
  get("/subscription/history", {
    summary: "List your changes between Basic and Pro, newest first",
    description: "The list is append-only: each entry says which tier applied from then on, and why.",
    auth: "user",
    limit: "read",
    query: PageQuery,
    reply: { 200: Entitlement.array() },
    run: getSubscriptionHistory,
  }),
  post("/subscription/portal", {
    summary: "Open the Stripe customer portal",
    description:
      "Update the card, switch the plan, cancel or resume there. Available once a payment has been started.",
    auth: "user",
    limit: "write",
    body: NewPortalPage,
    reply: { 200: PortalPage },
    errors: ["not_subscribed", "billing_unavailable"],
    run: postPortal,
  }),
  get("/subscription/return", {
    summary: "Page that Stripe returns customers to",
    description:
      "Reads the payment from Stripe and says whether Pro is active, or sends the user on to their `returnUrl`. Shows no personal data.",
    auth: "none",
    limit: "write",
    query: ReturnQuery,
    reply: { 200: media("text/html"), 303: null },
    run: getReturnPage,
  }),
  post("/webhook/stripe", {
    summary: "Receive a Stripe event",
    description: "For Stripe only. Returns 200 once the event is stored; a job processes it.",
    auth: "none",
    raw: { maxBytes: 1024 * 1024 },
    requestHeaders: ["Stripe-Signature"],
    reply: { 200: Received },
    errors: ["bad_signature", "payload_too_large", "billing_unavailable"],
    run: postStripeWebhook,
  }),
]

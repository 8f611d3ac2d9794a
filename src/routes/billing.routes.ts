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
      "Returns the same Checkout page for as long as it is open. Pro applies from the first prompt after the payment.",
    auth: "user",
    limit: "write",
    reply: { 200: CheckoutPage },
    errors: ["already_subscribed", "payment_pending", "billing_unavailable"],
    run: postSubscribePro,
  }),
  get("/subscription/status", {
    summary: "Get your tier, subscription and today's usage",
    description: "At most seconds behind Stripe.",
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
    description: "Update the card, cancel or resume there. Available once a payment has been started.",
    auth: "user",
    limit: "write",
    reply: { 200: PortalPage },
    errors: ["not_subscribed", "billing_unavailable"],
    run: postPortal,
  }),
  get("/subscription/return", {
    summary: "Page that Stripe returns customers to",
    description: "Shows no personal data and changes nothing: payments are confirmed by Stripe.",
    auth: "none",
    query: ReturnQuery,
    reply: { 200: media("text/html") },
    run: getReturnPage,
  }),
  post("/webhook/stripe", {
    summary: "Receive a Stripe event",
    description: "For Stripe only. Returns 200 once the event is stored; a job processes it.",
    auth: "none",
    raw: { maxBytes: 1024 * 1024 },
    requestHeaders: ["Stripe-Signature"],
    reply: { 200: Received },
    errors: ["bad_signature", "billing_unavailable"],
    run: postStripeWebhook,
  }),
]

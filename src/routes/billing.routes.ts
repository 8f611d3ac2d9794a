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
    summary: "Get a Stripe Checkout page for the upgrade to Pro",
    description:
      "Asked again, it gives the same page as long as that is open. Pro begins when the payment has arrived, for the very next prompt.",
    auth: "user",
    limit: "write",
    reply: { 200: CheckoutPage },
    errors: ["already_subscribed", "payment_pending"],
    run: postSubscribePro,
  }),
  get("/subscription/status", {
    summary: "Get one's tier, subscription and use of the day",
    description: "As this service knows it, which is seconds behind Stripe at most.",
    auth: "user",
    limit: "read",
    reply: { 200: SubscriptionStatus },
    run: getSubscriptionStatus,
  }),
  get("/subscription/history", {
    summary: "List why and since when one was Basic or Pro, newest first",
    description: "Nothing in it is ever changed: each entry says what was in force from its time on.",
    auth: "user",
    limit: "read",
    query: PageQuery,
    reply: { 200: Entitlement.array() },
    run: getSubscriptionHistory,
  }),
  post("/subscription/portal", {
    summary: "Get a Stripe page on which to change the card, cancel or resume",
    description: "For whoever has begun to pay once.",
    auth: "user",
    limit: "write",
    reply: { 200: PortalPage },
    errors: ["not_subscribed"],
    run: postPortal,
  }),
  get("/subscription/return", {
    summary: "The page to which Stripe sends a payer back",
    description: "It says nothing of anybody, and decides nothing: payment is known by Stripe's word.",
    auth: "none",
    query: ReturnQuery,
    reply: { 200: media("text/html") },
    run: getReturnPage,
  }),
  post("/webhook/stripe", {
    summary: "Take in an event of Stripe's",
    description: "For Stripe alone. 200 once the event is stored; what follows from it is done by a job.",
    auth: "none",
    raw: { maxBytes: 1024 * 1024 },
    requestHeaders: ["Stripe-Signature"],
    reply: { 200: Received },
    errors: ["bad_signature"],
    run: postStripeWebhook,
  }),
]

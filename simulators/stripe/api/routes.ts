import { createRouter } from "../../shared/router.ts"
import { catalogRoutes } from "./catalog.ts"
import { checkoutRoutes } from "./checkout.ts"
import { couponRoutes } from "./coupons.ts"
import { customerRoutes } from "./customers.ts"
import { invoiceRoutes } from "./invoices.ts"
import { paymentMethodRoutes } from "./payment-methods.ts"
import { paymentRoutes } from "./payments.ts"
import { portalRoutes } from "./portal.ts"
import { refundDisputeRoutes } from "./refunds-disputes.ts"
import type { Route } from "./route.ts"
import { subscriptionRoutes } from "./subscriptions.ts"
import { webhookRoutes } from "./webhooks.ts"

/** The call that a request is for, and the id in its path. */
export const findRoute = createRouter<Route>([
  ...customerRoutes,
  ...catalogRoutes,
  ...couponRoutes,
  ...checkoutRoutes,
  ...subscriptionRoutes,
  ...invoiceRoutes,
  ...paymentRoutes,
  ...paymentMethodRoutes,
  ...refundDisputeRoutes,
  ...portalRoutes,
  ...webhookRoutes,
])

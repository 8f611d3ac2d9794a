import { z } from "zod"
import { adminRoute } from "../shared/admin.ts"
import * as options from "./control.ts"
import { DeliverySettings } from "./delivery/settings.ts"
import { Fault } from "./injected-faults.ts"
import { Payment } from "./model/checkout.ts"
import { Settings } from "./model/settings.ts"

const None = z.strictObject({})

/** The same as `Control` over HTTP. */
export function adminRoutes(control: options.Control) {
  return [
    adminRoute("GET", "calls", None, () => ({ calls: control.calls() })),
    adminRoute("GET", "events", None, () => ({ events: control.events() })),
    adminRoute("GET", "held", None, () => ({ events: control.held() })),
    adminRoute("GET", "deliveries", None, () => ({ deliveries: control.deliveries() })),
    adminRoute("GET", "clock", None, () => ({ now: control.now() })),
    adminRoute("GET", "oracle/:id", None, control.oracle),
    adminRoute("POST", "endpoint", options.Endpoint, control.setEndpoint),
    adminRoute("POST", "delivery", DeliverySettings, control.delivery),
    adminRoute("POST", "release", options.Release, control.release),
    adminRoute("POST", "settled", None, control.settled),
    adminRoute("POST", "deliver/:id", None, control.deliver),
    adminRoute("POST", "settings", Settings.partial(), control.settings),
    adminRoute("POST", "clock/advance", options.Advance, (by) => ({ now: control.advance(by) })),
    adminRoute("POST", "faults", Fault, control.fail),
    adminRoute("POST", "reset", None, control.reset),
    adminRoute("POST", "checkout/:id/pay", Payment, control.completeCheckout),
    adminRoute("POST", "checkout/:id/expire", None, control.expireCheckout),
    adminRoute("POST", "subscriptions/:id/cancel_at_period_end", None, control.cancelAtPeriodEnd),
    adminRoute("POST", "subscriptions/:id/resume", None, control.resume),
    adminRoute("POST", "subscriptions/:id/cancel", None, control.cancelNow),
    adminRoute("POST", "subscriptions/:id/switch", options.NewPlan, (id, { price }) =>
      control.switchPlan(id, price),
    ),
    adminRoute("POST", "customers/:id/card", options.ChangeCard, (id, { card }) =>
      control.changeCard(id, card),
    ),
    adminRoute("POST", "customers/:id/subscribe", options.NewSubscription, control.createSubscription),
    adminRoute("POST", "customers/:id/delete", None, control.deleteCustomer),
    adminRoute("POST", "invoices/:id/pay", options.InvoicePayment, control.payInvoice),
    adminRoute("POST", "refunds", options.NewRefund, control.refund),
    adminRoute("POST", "disputes", options.NewDispute, ({ target, ...rest }) =>
      control.dispute(target, rest),
    ),
    adminRoute("POST", "disputes/:id/close", options.CloseDispute, (id, { status }) =>
      control.closeDispute(id, status),
    ),
  ]
}

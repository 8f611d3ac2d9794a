import { z } from "zod"
import type { Control } from "./control.ts"
import { DeliverySettings } from "./delivery/settings.ts"
import { Fault } from "./injected-faults.ts"
import { CARD_KINDS } from "./model/card-kinds.ts"
import { invalid } from "./model/refusals.ts"
import { Settings } from "./model/settings.ts"

const Card = z.enum(CARD_KINDS)
const Endpoint = z.strictObject({ url: z.url(), secret: z.string().min(1) })
const Advance = z.strictObject({
  days: z.number().optional(),
  hours: z.number().optional(),
  seconds: z.number().optional(),
})
const Release = z.strictObject({
  shuffle: z.boolean().optional(),
  duplicates: z.int().min(0).max(20).optional(),
  drop: z.number().min(0).max(1).optional(),
})
const Pay = z.strictObject({
  card: Card.optional(),
  authenticated: z.boolean().optional(),
  async: z.enum(["succeed", "fail", "pending"]).optional(),
  email: z.string().optional(),
  name: z.string().optional(),
})
const NewSubscription = z.strictObject({ price: z.string().optional(), card: Card.optional() })
const PayInvoice = z.strictObject({ outOfBand: z.boolean().optional(), card: Card.optional() })
const Refund = z.strictObject({
  charge: z.string().optional(),
  subscription: z.string().optional(),
  amount: z.int().min(1).optional(),
})
const Dispute = z.strictObject({
  target: z.string(),
  status: z.enum(["needs_response", "warning_needs_response"]).optional(),
})
const CloseDispute = z.strictObject({ status: z.enum(["won", "lost", "warning_closed"]) })
const None = z.strictObject({})

type Action = { method: string; pattern: RegExp; run(control: Control, id: string, body: unknown): unknown }

const ACTIONS: Action[] = [
  action("GET", "calls", None, (control) => ({ calls: control.calls() })),
  action("GET", "events", None, (control) => ({ events: control.events() })),
  action("GET", "held", None, (control) => ({ events: control.held() })),
  action("GET", "deliveries", None, (control) => ({ deliveries: control.deliveries() })),
  action("GET", "clock", None, (control) => ({ now: control.now() })),
  action("GET", "oracle/:id", None, (control, id) => control.oracle(id)),
  action("POST", "endpoint", Endpoint, (control, _, endpoint) => control.setEndpoint(endpoint)),
  action("POST", "delivery", DeliverySettings, (control, _, options) => control.delivery(options)),
  action("POST", "release", Release, (control, _, options) => control.release(options)),
  action("POST", "settled", None, (control) => control.settled()),
  action("POST", "deliver/:id", None, (control, id) => control.deliver(id)),
  action("POST", "settings", Settings.partial(), (control, _, changes) => control.settings(changes)),
  action("POST", "clock/advance", Advance, (control, _, by) => ({ now: control.advance(by) })),
  action("POST", "faults", Fault, (control, _, fault) => control.fail(fault)),
  action("POST", "reset", None, (control) => control.reset()),
  action("POST", "checkout/:id/pay", Pay, (control, id, payment) => control.completeCheckout(id, payment)),
  action("POST", "checkout/:id/expire", None, (control, id) => control.expireCheckout(id)),
  action("POST", "subscriptions/:id/cancel_at_period_end", None, (control, id) =>
    control.cancelAtPeriodEnd(id),
  ),
  action("POST", "subscriptions/:id/resume", None, (control, id) => control.resume(id)),
  action("POST", "subscriptions/:id/cancel", None, (control, id) => control.cancelNow(id)),
  action("POST", "customers/:id/card", z.strictObject({ card: Card }), (control, id, { card }) =>
    control.changeCard(id, card),
  ),
  action("POST", "customers/:id/subscribe", NewSubscription, (control, id, wish) =>
    control.createSubscription(id, wish),
  ),
  action("POST", "customers/:id/delete", None, (control, id) => control.deleteCustomer(id)),
  action("POST", "invoices/:id/pay", PayInvoice, (control, id, wish) => control.payInvoice(id, wish)),
  action("POST", "refunds", Refund, (control, _, wish) => control.refund(wish)),
  action("POST", "disputes", Dispute, (control, _, { target, status }) =>
    control.dispute(target, { status }),
  ),
  action("POST", "disputes/:id/close", CloseDispute, (control, id, { status }) =>
    control.closeDispute(id, status),
  ),
]

/**
 * Does what an admin route asks for; they take no key: the simulator listens on loopback. Throws `Refused`
 * for what can't be read or done. Undefined when there is no such route.
 */
export async function runAdmin(control: Control, method: string, path: string, body: string) {
  for (const { method: served, pattern, run } of ACTIONS) {
    const match = served === method ? pattern.exec(path) : null
    if (match) return { answer: (await run(control, match[1] ?? "", parsed(body))) ?? {} }
  }
  return undefined
}

function action<S extends z.ZodType>(
  method: string,
  path: string,
  schema: S,
  run: (control: Control, id: string, body: z.output<S>) => unknown,
): Action {
  return {
    method,
    pattern: new RegExp(`^/__admin/${path.replace(":id", "([^/]+)")}$`),
    run(control, id, body) {
      const result = schema.safeParse(body)
      if (!result.success) throw invalid(z.prettifyError(result.error))
      return run(control, id, result.data)
    },
  }
}

function parsed(body: string): unknown {
  if (body === "") return {}
  try {
    return JSON.parse(body)
  } catch {
    throw invalid("The body isn't JSON.")
  }
}

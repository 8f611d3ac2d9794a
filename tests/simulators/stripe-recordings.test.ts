import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { PRO_PRICE, type WireEvent } from "../../simulators/stripe/server.ts"
import { useStripe } from "./stripe-kit.ts"

const folder = process.env.RECORDINGS && join(process.env.RECORDINGS, "stripe")
const { simulator, stripe, subscriber } = await useStripe()

type Request = { method: string; url: string; body: string }

/** A recorded request is sent again, about our own objects; `prepare` makes them. */
const REPLAYED: Record<string, (request: Request) => Promise<Request>> = {
  "pay01-checkout-session-create-subscription": async (request) => about(request, await customerWith()),
  "pay02-customer-create": async (request) => request,
  "pay04-subscription-create-active": async (request) => about(request, await customerWith("ok")),
  "pay08-invoice-paid-subscription-create": async (request) => {
    const { subscription } = await subscriber()
    const [invoice] = (await stripe.invoices.list({ subscription })).data
    return { ...request, url: request.url.replace(/in_\w+/, invoice?.id ?? "") }
  },
  "pay09-subscription-incomplete-SCA": async (request) => about(request, await customerWith("authenticate")),
  "pay14-subscription-cancel-at-period-end-true": aboutSubscription,
  "pay15-subscription-cancel-at-period-end-false": aboutSubscription,
  "pay30-error-402-card-declined": async (request) => about(request, await customerWith()),
  "pay31-error-400-no-payment-method": async (request) => about(request, await customerWith()),
  "pay34-error-400-no-such-price": async (request) => {
    const { body } = about(request, await customerWith("ok"))
    return { ...request, body: body.replace(PRO_PRICE, "invalid") }
  },
  "pay35-error-401-invalid-key": async (request) => request,
}

/** The events of a history that has all of the recorded ones. */
const HISTORIES: Record<string, () => Promise<unknown>> = {
  "checkout.session.completed": () => subscriber(),
  "customer.subscription.created": () => subscriber(),
  "invoice.paid": () => subscriber(),
  "customer.subscription.updated-cancel-portal-flexible": async () => {
    simulator.cancelAtPeriodEnd((await subscriber()).subscription)
  },
  "customer.subscription.deleted-period-end": async () => {
    const { subscription } = await subscriber()
    await stripe.subscriptions.update(subscription, { cancel_at_period_end: true })
    simulator.advance({ days: 30 })
  },
  "customer.subscription.deleted-immediate": async () => {
    simulator.cancelNow((await subscriber()).subscription)
  },
  "customer.subscription.updated-past_due": () => failedRenewal("insufficient_on_renewal"),
  "invoice.payment_failed-renewal": () => failedRenewal("insufficient_on_renewal"),
  "invoice.payment_failed": () => failedRenewal("insufficient_on_renewal"),
  "invoice.payment_action_required": () => failedRenewal("authenticate_on_renewal"),
}

/** Keys of recordings that the present API version has no more. */
const GONE = new Set([
  // Recorded before 2025-03-31.basil, which moved or dropped them.
  ...["application_fee_amount", "charge", "discount", "paid", "paid_out_of_band", "payment_intent", "quote"],
  ...["rendering_options", "subscription", "subscription_details", "tax", "total_tax_amounts"],
  "transfer_data",
  ...["amount_excluding_tax", "invoice_item", "plan", "price", "proration", "proration_details"].map(onLines),
  ...["subscription_item", "tax_amounts", "tax_rates", "type", "unit_amount_excluding_tax"].map(onLines),
  // The simulator knows no taxes: its lists of them are empty.
  ...["total_taxes", "lines.data.taxes"],
])

describe.skipIf(!folder)("recorded answers (RECORDINGS names the folder)", () => {
  test.each(namesIn("pay"))("%s has nothing that ours hasn't", async (name) => {
    const prepare = REPLAYED[name]
    if (!prepare) return compareWithAny(recorded(`pay/${name}`))
    const { request, response } = recorded(`pay/${name}.meta`) as {
      request: Request
      response: { status: number }
    }
    const { method, url, body } = await prepare(request)
    const answer = await fetch(url.replace("https://api.stripe.com", simulator.url), {
      method,
      headers: { authorization: `Bearer ${response.status === 401 ? "sk_wrong" : "sk_test_x"}` },
      ...(method !== "GET" && { body }),
    })
    expect(answer.status).toBe(response.status)
    const ours = (await answer.json()) as Fields
    const theirs = recorded(`pay/${name}`)
    expect(missing(theirs, ours)).toEqual([])
    expect(plain(ours)).toEqual(plain(theirs))
  })
})

describe.skipIf(!folder)("recorded events (RECORDINGS names the folder)", () => {
  test.each(namesIn("events"))("%s has nothing that ours hasn't", async (name) => {
    const [, kind = ""] = /^(?:D\d+-)?(.+)$/.exec(name) ?? []
    const live = HISTORIES[kind]
    const theirs = recorded(`events/${name}`)
    if (!live) return compareWithAny((theirs.data as Fields)?.object ?? theirs.object)
    await live()
    const type = kind.split("-")[0]
    const events = simulator.events().filter((event) => event.type === type)
    const ours = theirs.object === "event" ? events.at(-1) : events.at(-1)?.data
    expect(missing(theirs, ours as WireEvent & Fields)).toEqual([])
  })
})

type Fields = { [key: string]: unknown }

function namesIn(sub: string): string[] {
  const at = join(folder ?? "", sub)
  if (!folder || !existsSync(at)) return []
  return readdirSync(at)
    .filter((name) => name.endsWith(".json") && !name.endsWith(".meta.json"))
    .map((name) => name.slice(0, -".json".length))
}

function recorded(name: string): Fields {
  return JSON.parse(readFileSync(join(folder ?? "", `${name}.json`), "utf8"))
}

async function customerWith(card?: "ok" | "authenticate"): Promise<string> {
  const { id: customer } = await stripe.customers.create({ email: "a@b.test" })
  if (!card) return customer
  const name = card === "ok" ? "pm_card_visa" : "pm_card_authenticationRequiredOnSetup"
  const { id: default_payment_method } = await stripe.paymentMethods.attach(name, { customer })
  await stripe.customers.update(customer, { invoice_settings: { default_payment_method } })
  return customer
}

/** For a recording that isn't known by name: any object of its kind from a history in which much happens. */
async function compareWithAny(theirs: unknown) {
  await failedRenewal("insufficient_on_renewal")
  const { subscription, customer } = await subscriber()
  simulator.refund({ subscription, amount: 100 })
  simulator.dispute(subscription)
  await stripe.billingPortal.sessions.create({ customer })
  const kind = (theirs as Fields).object
  const ours = simulator.events().findLast(({ data }) => data.object.object === kind)?.data.object
  if (ours) expect(missing(theirs, ours)).toEqual([])
}

function about(request: Request, customer: string): Request {
  const body = request.body
    .replace(/customer=\w+/, `customer=${customer}`)
    .replace(/(\[price\])=[\w-]+/, `$1=${PRO_PRICE}`)
  return { ...request, body }
}

async function aboutSubscription(request: Request): Promise<Request> {
  const { subscription } = await subscriber()
  return { ...request, url: request.url.replace(/sub_\w+/, subscription) }
}

async function failedRenewal(card: "insufficient_on_renewal" | "authenticate_on_renewal") {
  await subscriber(card)
  simulator.advance({ days: 28, hours: 1 })
}

/** Where the recording has a key that ours hasn't, or a value of another type. */
function missing(theirs: unknown, ours: unknown, at = ""): string[] {
  if (ours === undefined) return isGone(at) ? [] : [at]
  if (theirs === null || ours === null) return []
  if (Array.isArray(theirs) && Array.isArray(ours))
    return theirs.slice(0, 1).flatMap((each) => missing(each, ours[0], at))
  if (typeof theirs !== typeof ours || Array.isArray(theirs) !== Array.isArray(ours)) {
    return [`${at}: ${typeof ours} instead of ${typeof theirs}`]
  }
  if (typeof theirs !== "object") return []
  return Object.entries(theirs as Fields).flatMap(([key, value]) => {
    const path = at ? `${at}.${key}` : key
    // A key without a value says no more than its absence, where the API leaves such keys out.
    if (value === null && key === "previous_attributes") return []
    return missing(value, (ours as Fields)[key], path)
  })
}

function onLines(key: string): string {
  return `lines.data.${key}`
}

function isGone(path: string): boolean {
  return GONE.has(path.replace(/^(data\.)?object\./, "")) || /(^|\.)metadata\./.test(path)
}

/** What of an answer doesn't depend on the account: its kind, state, and the words of an error. */
function plain(answer: Fields): Fields {
  const { request_log_url: _, ...said } = (answer.error ?? {}) as Fields
  const message = typeof said.message === "string" ? said.message.replace(/(provided: ).*/, "$1") : undefined
  const names = "object status payment_status mode cancel_at_period_end billing_reason ui_mode".split(" ")
  return { ...Object.fromEntries(names.map((name) => [name, answer[name]])), said: { ...said, message } }
}

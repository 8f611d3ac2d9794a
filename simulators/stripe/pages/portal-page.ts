import type Stripe from "stripe"
import type { Reply } from "../idempotency.ts"
import type { Account } from "../model/account.ts"
import { cancelNow, scheduleCancellation } from "../model/cancel.ts"
import { changeCard } from "../model/cards.ts"
import { DAY, HOUR } from "../model/periods.ts"
import { Refused } from "../model/refusals.ts"
import { advance } from "../model/run-due.ts"
import { isOver, itemOf, periodEnd } from "../model/subscriptions.ts"
import { switchPlan } from "../model/switch-plan.ts"
import { cardChoice, cardIn } from "./cards.ts"
import { type Html, html } from "./html.ts"
import { date, missingPage, money, pageOf, redirectTo } from "./layout.ts"

const JUMPS: Record<string, number> = { hour: HOUR, day: DAY, month: 31 * DAY }

/** What a customer sees in the portal. */
export function showPortal(account: Account, id: string, problem?: string): Reply {
  const session = account.store.get("portal_session", id)
  const customer = session && account.store.get("customer", session.customer)
  if (!session || !customer) return missingPage("portal session")
  const { features } = configurationOf(account, session)
  const own = account.store.all("subscription").filter((each) => each.customer === customer.id)
  return pageOf(
    "Billing",
    html`<h1>Billing</h1>
<p class="soft">${customer.email ?? customer.id}</p>
${problem && html`<section class="alert" role="alert"><strong>${problem}</strong></section>`}
${own.length === 0 && html`<section><p>There is no subscription.</p></section>`}
${own.toReversed().map((subscription) => subscriptionSection(account, session, subscription))}
${features.payment_method_update.enabled && own.some((each) => !isOver(each)) && cardSection(session.id)}
${features.invoice_history.enabled && invoicesSection(account, customer.id)}
${timeSection(account, session.id)}
${session.return_url && html`<p><a class="button" href="${session.return_url}">Return to the app</a></p>`}`,
    problem ? 402 : 200,
  )
}

/** A customer does something in the portal. */
export function submitPortal(account: Account, id: string, action: string, form: URLSearchParams): Reply {
  const session = account.store.get("portal_session", id)
  if (!session) return missingPage("portal session")
  try {
    act(account, session, action, form)
    return redirectTo(`/p/session/${id}`)
  } catch (error) {
    if (error instanceof Refused) return showPortal(account, id, error.message)
    throw error
  }
}

type Session = Stripe.BillingPortal.Session

function configurationOf({ store }: Account, { configuration }: Session): Stripe.BillingPortal.Configuration {
  return store.need("portal_configuration", String(configuration))
}

function act(account: Account, session: Session, action: string, form: URLSearchParams) {
  const { customer } = session
  const { payment_method_update: card, subscription_cancel: cancel } = configurationOf(
    account,
    session,
  ).features
  if (action === "advance") return advance(account, JUMPS[form.get("by") ?? ""] ?? 0)
  if (action === "card") return card.enabled && changeCard(account, customer, cardIn(form))
  const subscription = account.store.get("subscription", form.get("subscription") ?? "")
  if (subscription?.customer !== customer) return
  if (action === "switch") {
    const price = pricesFor(account, session, subscription).find(({ id }) => id === form.get("price"))
    return price && switchPlan(account, subscription, price)
  }
  if (action === "resume") return scheduleCancellation(account, subscription, { at: null })
  if (action !== "cancel" || !cancel.enabled) return
  if (cancel.mode === "immediately") return cancelNow(account, subscription)
  scheduleCancellation(account, subscription, { at: periodEnd(subscription) })
}

/** The other prices that a customer may switch to. */
function pricesFor(account: Account, session: Session, subscription: Stripe.Subscription): Stripe.Price[] {
  const { enabled, products } = configurationOf(account, session).features.subscription_update
  const isOpen = ["active", "trialing"].includes(subscription.status) && subscription.cancel_at === null
  if (!enabled || !isOpen) return []
  const current = itemOf(subscription).price.id
  return (products ?? [])
    .flatMap(({ prices }) => prices)
    .filter((id) => id !== current)
    .map((id) => account.store.need("price", id))
}

function switchForm(session: Session, subscription: Stripe.Subscription, price: Stripe.Price): Html {
  const name = `${money(price.unit_amount ?? 0, price.currency)} per ${price.recurring?.interval ?? "month"}`
  return html`<form method="post" action="/p/session/${session.id}/switch">
<input type="hidden" name="subscription" value="${subscription.id}">
<button name="price" value="${price.id}">Switch to ${name}</button>
</form>`
}

function subscriptionSection(account: Account, session: Session, subscription: Stripe.Subscription): Html {
  const { price } = itemOf(subscription)
  const product = account.store.need("product", String(price.product))
  const scheduled = subscription.cancel_at !== null
  const { enabled, mode } = configurationOf(account, session).features.subscription_cancel
  const canCancel = !isOver(subscription) && (enabled || scheduled)
  const cancel = mode === "immediately" ? "Cancel now" : "Cancel at the end of the period"
  return html`<section>
<h2>${product.name}, ${money(price.unit_amount ?? 0, price.currency)} per ${price.recurring?.interval ?? "month"}</h2>
<p>Status: <strong>${subscription.status}</strong><br>${until(subscription)}</p>
${
  canCancel &&
  html`<form method="post" action="/p/session/${session.id}/${scheduled ? "resume" : "cancel"}">
<input type="hidden" name="subscription" value="${subscription.id}">
<button>${scheduled ? "Don't cancel" : cancel}</button>
</form>`
}
${pricesFor(account, session, subscription).map((each) => switchForm(session, subscription, each))}
</section>`
}

function until(subscription: Stripe.Subscription): string {
  if (subscription.ended_at !== null) return `Ended ${date(subscription.ended_at)}`
  if (subscription.cancel_at !== null) return `Ends ${date(subscription.cancel_at)}`
  return `Renews ${date(periodEnd(subscription))}`
}

function cardSection(session: string): Html {
  return html`<section>
<h2>Change card</h2>
<form method="post" action="/p/session/${session}/card">
${cardChoice()}
<button>Use this card</button>
</form>
</section>`
}

function invoicesSection(account: Account, customer: string): Html {
  const invoices = account.store.all("invoice").filter((invoice) => invoice.customer === customer)
  return html`<section>
<h2>Invoices</h2>
<table>
<thead><tr><th scope="col">Date</th><th scope="col">Amount</th><th scope="col">Status</th></tr></thead>
<tbody>
${invoices.toReversed().map(
  (invoice) =>
    html`<tr><td><a href="/i/${invoice.id}">${date(invoice.created)}</a></td><td>${money(invoice.total, invoice.currency)}</td><td>${invoice.status}</td></tr>
`,
)}</tbody>
</table>
</section>`
}

function timeSection(account: Account, session: string): Html {
  return html`<section>
<h2>Simulator</h2>
<p>It is ${date(account.now())} here. Moving time on renews, retries and ends what is due.</p>
<form class="row" method="post" action="/p/session/${session}/advance">
<button name="by" value="hour">An hour on</button>
<button name="by" value="day">A day on</button>
<button name="by" value="month">A month on</button>
</form>
</section>`
}

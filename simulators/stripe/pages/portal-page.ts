import type Stripe from "stripe"
import type { Reply } from "../idempotency.ts"
import { isOver, itemOf, periodEnd, scheduleCancellation } from "../model/cancel.ts"
import { CARD_KINDS } from "../model/card-kinds.ts"
import { changeCard } from "../model/cards.ts"
import { DAY, HOUR } from "../model/periods.ts"
import { Refused } from "../model/refusals.ts"
import { advance } from "../model/run-due.ts"
import type { World } from "../model/world.ts"
import { cardChoice, cardIn } from "./cards.ts"
import { type Html, html } from "./html.ts"
import { date, messagePage, money, pageOf, redirectTo } from "./layout.ts"

const JUMPS: Record<string, number> = { hour: HOUR, day: DAY, month: 31 * DAY }

/** What a customer sees in the portal. */
export function showPortal(world: World, id: string, problem?: string): Reply {
  const session = world.store.get("portal_session", id)
  const customer = session && world.store.get("customer", session.customer)
  if (!session || !customer) return messagePage("No such session", "This portal session doesn't exist.", 404)
  const own = world.store.all("subscription").filter((each) => each.customer === customer.id)
  return pageOf(
    "Billing",
    html`<h1>Billing</h1>
<p class="soft">${customer.email ?? customer.id}</p>
${problem && html`<section class="alert" role="alert"><strong>${problem}</strong></section>`}
${own.length === 0 && html`<section><p>There is no subscription.</p></section>`}
${own.toReversed().map((subscription) => subscriptionSection(world, session.id, subscription))}
${own.some((each) => !isOver(each)) && cardSection(session.id)}
${invoicesSection(world, customer.id)}
${timeSection(world, session.id)}
${session.return_url && html`<p><a class="button" href="${session.return_url}">Return to the app</a></p>`}`,
    problem ? 402 : 200,
  )
}

/** A customer does something in the portal. */
export function submitPortal(world: World, id: string, action: string, form: URLSearchParams): Reply {
  const session = world.store.get("portal_session", id)
  if (!session) return messagePage("No such session", "This portal session doesn't exist.", 404)
  try {
    act(world, session.customer, action, form)
    return redirectTo(`/p/session/${id}`)
  } catch (error) {
    if (error instanceof Refused) return showPortal(world, id, error.message)
    throw error
  }
}

function act(world: World, customer: string, action: string, form: URLSearchParams) {
  if (action === "advance") return advance(world, JUMPS[form.get("by") ?? ""] ?? 0)
  if (action === "card") return changeCard(world, customer, cardIn(form))
  const subscription = world.store.get("subscription", form.get("subscription") ?? "")
  if (subscription?.customer !== customer) return
  const kind = action === "cancel" ? "at_period_end_flexible" : "never"
  scheduleCancellation(world, subscription, { kind })
}

function subscriptionSection(world: World, session: string, subscription: Stripe.Subscription): Html {
  const { price } = itemOf(subscription)
  const product = world.store.need("product", String(price.product))
  const scheduled = subscription.cancel_at !== null
  return html`<section>
<h2>${product.name}, ${money(price.unit_amount ?? 0, price.currency)} per ${price.recurring?.interval ?? "month"}</h2>
<p>Status: <strong>${subscription.status}</strong><br>${until(subscription)}</p>
${
  !isOver(subscription) &&
  html`<form method="post" action="/p/session/${session}/${scheduled ? "resume" : "cancel"}">
<input type="hidden" name="subscription" value="${subscription.id}">
<button>${scheduled ? "Don't cancel" : "Cancel at the end of the period"}</button>
</form>`
}
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
${cardChoice(CARD_KINDS)}
<button>Use this card</button>
</form>
</section>`
}

function invoicesSection(world: World, customer: string): Html {
  const invoices = world.store.all("invoice").filter((invoice) => invoice.customer === customer)
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

function timeSection(world: World, session: string): Html {
  return html`<section>
<h2>Simulator</h2>
<p>It is ${date(world.now())} here. Moving time on renews, retries and ends what is due.</p>
<form class="row" method="post" action="/p/session/${session}/advance">
<button name="by" value="hour">An hour on</button>
<button name="by" value="day">A day on</button>
<button name="by" value="month">A month on</button>
</form>
</section>`
}

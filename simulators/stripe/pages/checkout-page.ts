import type Stripe from "stripe"
import type { Reply } from "../idempotency.ts"
import type { Account } from "../model/account.ts"
import { type CheckoutResult, payCheckout } from "../model/checkout.ts"
import { Refused } from "../model/refusals.ts"
import { TAX_RATES } from "../model/taxes.ts"
import type { State } from "../state.ts"
import { cardChoice, cardIn } from "./cards.ts"
import { html } from "./html.ts"
import { messagePage, missingPage, money, pageOf, redirectTo } from "./layout.ts"

/** https://docs.stripe.com/checkout/fulfillment: so long Checkout waits for the receiver before it redirects. */
const WAIT_MS = 10_000

/** What the buyer sees at a session's address. */
export function showCheckout({ account }: State, id: string): Reply {
  const session = account.store.get("session", id)
  if (!session) return missingPage("Checkout session")
  return closed(session) ?? payPage(account, session)
}

/** The buyer sends the form: pays, or is asked to confirm the card. */
export async function submitCheckout(state: State, id: string, form: URLSearchParams): Promise<Reply> {
  const session = state.account.store.get("session", id)
  if (!session) return missingPage("Checkout session")
  const already = closed(session)
  if (already) return already
  const card = cardIn(form)
  if (form.get("confirmation") === "fail") {
    return payPage(state.account, session, "We are unable to authenticate your payment method.", form)
  }
  const authenticated = form.get("confirmation") === "complete"
  const email = form.get("email") || undefined
  const promotionCode = form.get("promotion_code") || undefined
  const country = form.get("country") || undefined
  try {
    const result = payCheckout(state.account, session, { card, authenticated, email, promotionCode, country })
    return await answer(state, result, form)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return payPage(state.account, session, error.message, form)
  }
}

async function answer(state: State, result: CheckoutResult, form: URLSearchParams): Promise<Reply> {
  const { session } = result
  if (result.status === "declined") return payPage(state.account, session, result.message, form)
  if (result.status === "requires_action") return confirmationPage(session, form)
  const completed = state.account.events
    .all()
    .findLast(({ type, data }) => type === "checkout.session.completed" && data.object.id === session.id)
  if (completed && completed.pending_webhooks > 0) await state.webhookSender.arrival(completed.id, WAIT_MS)
  return redirectTo(withId(session.success_url, session))
}

function closed(session: Stripe.Checkout.Session): Reply | undefined {
  if (session.status === "complete") {
    const link = { href: withId(session.success_url, session), text: "Continue" }
    return messagePage("You have paid", "This Checkout session is complete.", 200, link)
  }
  if (session.status === "open") return undefined
  const link = session.cancel_url ? { href: withId(session.cancel_url, session), text: "Back" } : undefined
  return messagePage("This session has expired", "Start again where you came from.", 410, link)
}

function payPage(
  account: Account,
  session: Stripe.Checkout.Session,
  problem?: string,
  typed?: URLSearchParams,
): Reply {
  const record = account.store.need("session_record", session.id)
  const price = account.store.need("price", record.price)
  const product = account.store.need("product", String(price.product))
  const email = session.customer_details?.email ?? session.customer_email
  const interval = price.recurring?.interval ?? "month"
  const later = `${money((price.unit_amount ?? 0) * record.quantity, price.currency)} per ${interval}`
  const trial = record.trialDays ? `for ${record.trialDays} days, then ${later}` : undefined
  const amount = money(session.amount_total ?? 0, session.currency ?? "usd")
  return pageOf(
    `Subscribe to ${product.name}`,
    html`<h1>Subscribe to ${product.name}</h1>
<p class="price">${amount} <span class="soft" style="font-size:1rem">${trial ?? `per ${interval}`}</span></p>
${problem && html`<section class="alert" role="alert"><strong>${problem}</strong> Try again.</section>`}
<section>
<form method="post">
${
  email
    ? html`<p>Email: <strong>${email}</strong></p>`
    : html`<label class="field">Email <input type="email" name="email" required autocomplete="email" value="${typed?.get("email")}"></label>`
}
${session.allow_promotion_codes && html`<label class="field">Promotion code <input type="text" name="promotion_code" autocomplete="off" value="${typed?.get("promotion_code")}"></label>`}
${record.isTaxed && countryChoice()}
${cardChoice()}
<button class="do wide" type="submit">Subscribe</button>
</form>
</section>
${session.cancel_url && html`<p><a href="${withId(session.cancel_url, session)}">Back without paying</a></p>`}`,
    problem ? 402 : 200,
  )
}

/** The countries that taxes are known of, and one without. */
function countryChoice() {
  const countries = ["US", ...Object.keys(TAX_RATES)]
  return html`<label class="field">Country <select name="country">
${countries.map((country) => html`<option>${country}</option>`)}
</select></label>`
}

function confirmationPage(session: Stripe.Checkout.Session, form: URLSearchParams): Reply {
  return pageOf(
    "Confirm your payment",
    html`<section>
<h1>Confirm your payment</h1>
<p>Your bank wants to know that it is you (3D Secure, simulated).</p>
<form method="post" action="/c/pay/${session.id}">
<input type="hidden" name="card" value="${cardIn(form)}">
${["email", "promotion_code", "country"].map((name) => html`<input type="hidden" name="${name}" value="${form.get(name) ?? ""}">`)}
<div class="row">
<button class="do" name="confirmation" value="complete">Complete</button>
<button name="confirmation" value="fail">Fail</button>
</div>
</form>
</section>`,
  )
}

/** An address of the app, which may hold a place for the session's id. */
function withId(url: string | null, { id }: Stripe.Checkout.Session): string {
  return (url ?? "/").replaceAll("{CHECKOUT_SESSION_ID}", id)
}

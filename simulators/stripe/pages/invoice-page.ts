import type { Reply } from "../idempotency.ts"
import type { Account } from "../model/account.ts"
import { payInvoice } from "../model/pay-invoice.ts"
import { Refused } from "../model/refusals.ts"
import { html } from "./html.ts"
import { date, missingPage, money, pageOf, redirectTo } from "./layout.ts"

/** What a customer sees at an invoice's address. */
export function showInvoice(account: Account, id: string, problem?: string): Reply {
  const invoice = account.store.get("invoice", id)
  if (!invoice) return missingPage("invoice")
  return pageOf(
    `Invoice ${invoice.number ?? ""}`,
    html`<h1>Invoice ${invoice.number ?? "(draft)"}</h1>
${problem && html`<section class="alert" role="alert"><strong>${problem}</strong> Change the card in the portal.</section>`}
<section>
<p class="price">${money(invoice.total, invoice.currency)}</p>
${invoice.lines.data.map(
  ({ description, amount, period }) =>
    html`<p>${description}: ${money(amount, invoice.currency)}<br><span class="soft">${date(period.start)} to ${date(period.end)}</span></p>
`,
)}<p>Status: <strong>${invoice.status}</strong></p>
${invoice.status === "open" && html`<form method="post"><button class="do">Pay and confirm</button></form>`}
</section>`,
    problem ? 402 : 200,
  )
}

/** A customer pays an open invoice with the card there is, confirming it if that is asked for. */
export function submitInvoice(account: Account, id: string): Reply {
  const invoice = account.store.get("invoice", id)
  if (!invoice) return missingPage("invoice")
  try {
    payInvoice(account, invoice, { present: true })
    return redirectTo(`/i/${id}`)
  } catch (error) {
    if (error instanceof Refused) return showInvoice(account, id, error.message)
    throw error
  }
}

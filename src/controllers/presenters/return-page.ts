import type { Returned } from "../../services/billing/return-url.ts"
import { page } from "./page.ts"

/** Renders the page that Stripe returns users to. It says what is known: `tier` is null when nothing is. */
export function presentReturnPage(from: Returned, tier: "basic" | "pro" | null): string {
  const [title, text] = from === "paid" ? PAID[tier ?? "unknown"] : TEXTS[from]
  return page(title, `<p>${text} You can close this page.</p>`)
}

const PAID = {
  pro: ["Thank you", "Pro is active."],
  basic: [
    "Thank you",
    "Stripe hasn't confirmed your payment yet. Pro starts as soon as it does: usually within a minute, or within days " +
      "if you chose a payment method that takes days.",
  ],
  unknown: ["Thank you", "If you paid, Pro starts as soon as Stripe has confirmed it."],
} as const

const TEXTS = {
  left: ["No payment was made", "You left the payment page, so your subscription hasn't changed."],
  portal: ["Back from Stripe", "What you changed at Stripe takes effect here once Stripe has reported it."],
} as const

import type Stripe from "stripe"

/** Countries that an account in this simulator has registered in, and their standard rates in per cent. */
export const TAX_RATES: Record<string, number> = {
  AT: 20,
  DE: 19,
  ES: 21,
  FR: 20,
  GB: 20,
  IE: 23,
  IT: 22,
  NL: 21,
}

export type Tax = { rate: string; amount: number; taxable: number; behavior: "exclusive" | "inclusive" }

/** The tax on an amount for a customer of this country; elsewhere nothing is collected. */
export function taxOn(amount: number, country: string, price: Stripe.Price): Tax {
  const percent = TAX_RATES[country] ?? 0
  const behavior = price.tax_behavior === "inclusive" ? "inclusive" : "exclusive"
  const share = behavior === "inclusive" ? percent / (100 + percent) : percent / 100
  const tax = Math.round(amount * share)
  const taxable = behavior === "inclusive" ? amount - tax : amount
  return { rate: `txr_simulated_${country.toLowerCase()}`, amount: tax, taxable, behavior }
}

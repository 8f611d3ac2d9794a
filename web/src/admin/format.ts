import { language } from "../i18n/index.ts"

/** A time for somebody who compares it with logs: in UTC, in an order that sorts. */
export function formatUtc(iso: string | null): string {
  return iso ? iso.replace("T", " ").replace(/\.\d+Z$/, " UTC") : "—"
}

export function formatMs(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`
}

/** An amount: whole ones to the cent, less than one to the digits that it has. */
export function formatAmount({ amount, currency }: { amount: string; currency: string }): string {
  const value = Number(amount)
  const digits = value === 0 || value >= 1 ? { maximumFractionDigits: 2 } : { maximumSignificantDigits: 2 }
  return new Intl.NumberFormat(language, { style: "currency", currency, ...digits }).format(value)
}

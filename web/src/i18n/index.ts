import { en } from "./en.ts"

/** Every word that the page shows. A language is a file of this type beside `en.ts`. */
export type Messages = typeof en

/** Loaded when used. English is part of the page. */
const LANGUAGES: Record<string, () => Promise<Messages>> = {
  de: async () => (await import("./de.ts")).de,
}

/** The words in the language of the page. Set before anything is shown. */
export let t: Messages = en

/** The language of the page: words, dates and numbers. */
export let language = "en"

/** Chooses the first of the user's languages that there is. */
export async function loadLanguage(wanted: readonly string[]): Promise<void> {
  for (const tag of wanted) {
    const [name = ""] = tag.toLowerCase().split("-")
    if (name === "en") break
    const load = LANGUAGES[name]
    if (!load) continue
    const words = await load().catch(() => null)
    if (!words) break
    t = words
    language = tag
    break
  }
  if (language === "en") language = wanted.find((tag) => tag.toLowerCase().startsWith("en")) ?? "en"
  document.documentElement.lang = language
}

const numbers = once(() => new Intl.NumberFormat(language))
const times = once(() => new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" }))
const dates = once(() => new Intl.DateTimeFormat(language, { dateStyle: "medium" }))
const costs = new Map<string, Intl.NumberFormat>()

export const formatNumber = (value: number) => numbers().format(value)

export const formatTime = (iso: string) => times().format(new Date(iso))

export const formatDate = (iso: string) => dates().format(new Date(iso))

/** An amount, as money where it has a currency that the browser knows. */
export function formatCost({ amount, currency }: { amount: string; currency: string }): string {
  const known = costs.get(currency)
  const style = { style: "currency", currency, maximumSignificantDigits: 2 } as const
  const format = known ?? new Intl.NumberFormat(language, style)
  if (!known) costs.set(currency, format)
  return format.format(Number(amount))
}

/** Formats are made when first used, once the language is known: that takes longer than all that they format. */
function once<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

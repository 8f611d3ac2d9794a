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

export const formatNumber = (value: number) => new Intl.NumberFormat(language).format(value)

export const formatTime = (iso: string) =>
  new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" }).format(new Date(iso))

export const formatDate = (iso: string) =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(iso))

/** An amount, as money where it has a currency that the browser knows. */
export function formatCost({ amount, currency }: { amount: string; currency: string }): string {
  return new Intl.NumberFormat(language, {
    style: "currency",
    currency,
    maximumSignificantDigits: 2,
  }).format(Number(amount))
}

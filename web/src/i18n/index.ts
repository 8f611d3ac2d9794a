import { en } from "./en.ts"

/** Every word that the page shows. A language is a file of this type beside `en.ts`, named and exported by its tag. */
export type Messages = typeof en

/** The other languages, by the files that there are. Loaded when used; English is part of the page. */
const FILES = import.meta.glob<Record<string, Messages>>(["./*.ts", "!./en.ts", "!./index.ts"])

const nameOf = (path: string) => path.slice("./".length, -".ts".length)

/** The languages that there are. */
export const languages: readonly string[] = ["en", ...Object.keys(FILES).map(nameOf)].sort()

/** The words in the language of the page. Set before anything is shown. */
export let t: Messages = en

/** The language of the page: words, dates and numbers. */
export let language = "en"

/** A choice is the browser's, not a user's: it stays over a sign-out. */
const KEY = "language"

/** The language that was chosen here; null where the browser's decides. */
export function chosenLanguage(): string | null {
  const chosen = localStorage.getItem(KEY)
  return chosen !== null && languages.includes(chosen) ? chosen : null
}

/** Chooses a language, or leaves it to the browser. What is shown already has its words, so the page begins again. */
export function chooseLanguage(tag: string | null): void {
  if (tag === null) localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, tag)
  location.reload()
}

/** Loads the language that was chosen, or the first of the user's that there is. */
export async function loadLanguage(wanted: readonly string[]): Promise<void> {
  const chosen = chosenLanguage()
  const tag =
    chosen === null ? wanted.find(isThere) : (wanted.find((one) => baseOf(one) === chosen) ?? chosen)
  const name = baseOf(tag ?? "en")
  const load = FILES[`./${name}.ts`]
  const words = load ? (await load().catch(() => null))?.[name] : en
  if (words) t = words
  language = words && tag ? tag : "en"
  document.documentElement.lang = language
}

const baseOf = (tag: string) => tag.toLowerCase().split("-")[0] ?? ""
const isThere = (tag: string) => languages.includes(baseOf(tag))

const numbers = once(() => new Intl.NumberFormat(language))
const times = once(() => new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" }))
const dates = once(() => new Intl.DateTimeFormat(language, { dateStyle: "medium" }))
const costs = new Map<string, Intl.NumberFormat>()

export const formatNumber = (value: number) => numbers().format(value)

export const formatTime = (iso: string) => times().format(new Date(iso))

/** A day of this time and its hour, such as "Sun 3:15 PM". */
export const formatMoment = (iso: string) =>
  new Intl.DateTimeFormat(language, { weekday: "long", hour: "numeric", minute: "2-digit" }).format(
    new Date(iso),
  )

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

/** Makes the page's first format: the first takes a telephone 70 ms, of whatever kind. */
export function prepareFormats(): void {
  times()
}

/** The name of a language in that language. */
export const nameOfLanguage = (tag: string) =>
  new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag

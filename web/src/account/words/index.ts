import { language } from "../../i18n/index.ts"
import { en } from "./en.ts"

/** The words of the parts of the account that are loaded when it is opened. */
export type Words = typeof en

/** In the language of the page, which is chosen by the time that this is loaded. */
export const w: Words = language.toLowerCase().startsWith("de") ? (await import("./de.ts")).de : en

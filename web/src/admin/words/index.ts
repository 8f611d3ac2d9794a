import { language } from "../../i18n/index.ts"
import { en } from "./en.ts"

/** Every word of the operators' page beside those that it shares with the client. */
export type Words = typeof en

/** The words in the language of the page. Set before anything is shown. */
export let w: Words = en

/** Loads the words in the language that was chosen. */
export async function loadWords(): Promise<void> {
  if (language.toLowerCase().startsWith("de")) w = (await import("./de.ts")).de
}

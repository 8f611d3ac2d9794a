import { t } from "../i18n/index.ts"
import { tell } from "./toasts.ts"

/** Puts text on the clipboard and says so. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    tell(t.common.notCopied)
    return false
  }
}

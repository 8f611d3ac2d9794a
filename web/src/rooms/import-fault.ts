import { t } from "../i18n/index.ts"

/** The largest file that the service takes. */
const MOST_BYTES = 100 * 1024 * 1024

/** Why a file can't be imported, as far as its beginning tells before it is sent; null where nothing speaks against it. */
export async function faultOf(file: File): Promise<string | null> {
  if (file.size === 0) return t.import.empty
  if (file.size > MOST_BYTES) return t.import.tooLarge
  const head = await file.slice(0, 1_024).text()
  // As text: the second byte of gzip isn't UTF-8.
  if (head.startsWith("PK\u0003\u0004") || head.startsWith("\u001f\ufffd")) return t.import.archive
  return /^\s*[[{]/.test(head) ? null : t.import.notJson
}

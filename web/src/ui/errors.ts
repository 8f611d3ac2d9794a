import { ApiError } from "../api/client.ts"
import { t } from "../i18n/index.ts"

/** What a person is told about an error: our words for its code, the service's, or that there was no answer. */
export function wordsOf(error: unknown, words: Record<string, string> = {}): string {
  if (!(error instanceof ApiError)) return t.common.unreachable
  return words[error.code] ?? t.codes.problems[error.code] ?? error.message
}

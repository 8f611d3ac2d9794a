import type { Message } from "../api/client.ts"
import { formatCost, formatNumber, formatTime, t } from "../i18n/index.ts"

/** Model, tokens, cost and time of a reply, as far as they are known. */
export function Facts({ message: { model, usage, cost, completedAt } }: { message: Message }) {
  const facts = [
    ...(model ? [model] : []),
    ...(usage ? [t.thread.tokens(formatNumber(usage.totalTokens))] : []),
    ...(cost ? [formatCost(cost)] : []),
    ...(completedAt ? [formatTime(completedAt)] : []),
  ]
  return <span class="facts">{facts.join(" · ")}</span>
}

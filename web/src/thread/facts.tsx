import type { Message } from "../api/client.ts"
import { formatCost, formatNumber, formatTime, t } from "../i18n/index.ts"
import { areFactsWanted } from "./wanted-facts.ts"

/** Model, tokens, cost and time of a reply, as far as they are known. */
export function Facts({ message: { model, usage, cost, completedAt } }: { message: Message }) {
  const numbers = () => [
    ...(usage ? [t.thread.tokens(formatNumber(usage.totalTokens))] : []),
    ...(cost ? [formatCost(cost)] : []),
    ...(completedAt ? [formatTime(completedAt)] : []),
  ]
  const facts = [...(model ? [model] : []), ...(areFactsWanted.value ? numbers() : [])]
  const text = facts.join(" · ")
  return (
    <span class="facts" title={text}>
      {text}
    </span>
  )
}

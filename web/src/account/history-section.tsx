import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { client, type Endpoints } from "../api/client.ts"
import { formatDate } from "../i18n/index.ts"
import { plan } from "../state/plan.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import { w } from "./words/index.ts"

type Entry = Endpoints["GET /subscription/history"]["reply"][number]

const A_PAGE = "8"

/** Reasons with an end that the user should know; a paid period is renewed. */
const ENDS = ["ending", "grace", "trial"]

/** Why the plan is what it is, and since when; nothing for somebody who was always on Basic. */
export function HistorySection() {
  const entries = useSignal<Entry[]>([])
  const next = useSignal<Record<string, string> | null>(null)

  async function load(query: Record<string, string>) {
    try {
      const { reply, next: following } = await client.page("GET /subscription/history", { query })
      entries.value = query.cursor ? [...entries.value, ...reply] : reply
      next.value = following
    } catch (error) {
      tell(wordsOf(error))
    }
  }
  const { tier, status, cancelAt } = plan.value ?? {}
  // Another entry comes with another plan.
  useEffect(() => void load({ limit: A_PAGE }), [tier, status, cancelAt])

  if (entries.value.length === 0) return null
  return (
    <section>
      <h2>{w.history}</h2>
      <ul class="history">
        {entries.value.map(({ id, at, tier, reason, until }) => (
          <li key={id}>
            <span>
              <strong>{tier === "pro" ? w.pro : w.basic}</strong> {w.reasons[reason] ?? reason}
            </span>
            <small class="soft">
              {formatDate(at)}
              {until && ENDS.includes(reason) && ` · ${w.until(formatDate(until))}`}
            </small>
          </li>
        ))}
      </ul>
      {next.value && (
        <button type="button" class="link" onClick={() => load(next.value ?? {})}>
          {w.more}
        </button>
      )}
    </section>
  )
}

import type { SubscriptionStatus } from "../api/client.ts"
import { formatDate, formatNumber, formatTime } from "../i18n/index.ts"
import { isEmbedded } from "../state/embedding.ts"
import { manage, plan, upgrade } from "../state/plan.ts"
import { w } from "./words/index.ts"

/** The plan, the meter of the day, and the way to the other plan. */
export function PlanSection() {
  if (plan.value === null) return <section aria-busy="true" />
  const { tier, status, usage, actionUrl, cancelAt, currentPeriodEnd } = plan.value
  const hasSubscription = status !== "none"
  return (
    <section>
      <h2>{w.plan}</h2>
      <p class="plan-name">{tier === "pro" ? w.pro : w.basic}</p>
      {actionUrl && (
        <p class="failure">
          {w.payment}{" "}
          <a class="link" href={actionUrl} rel="noreferrer" target={isEmbedded ? "_blank" : undefined}>
            {w.pay}
          </a>
        </p>
      )}
      <Meter usage={usage} />
      {cancelAt && <p class="soft">{w.ends(formatDate(cancelAt))}</p>}
      {!cancelAt && tier === "pro" && currentPeriodEnd && (
        <p class="soft">{w.renews(formatDate(currentPeriodEnd))}</p>
      )}
      {tier === "basic" && (
        <div class="upgrade">
          <p>{w.upgradeLead}</p>
          <button type="button" class="primary" onClick={upgrade}>
            {w.upgrade}
          </button>
        </div>
      )}
      {hasSubscription && (
        <button type="button" class="secondary" onClick={manage}>
          {w.manage}
        </button>
      )}
    </section>
  )
}

function Meter({ usage: { used, limit, resetsAt } }: { usage: SubscriptionStatus["usage"] }) {
  const count = formatNumber(used)
  if (limit === null) {
    return (
      <p>
        {w.today}: {w.unlimited(count)}
      </p>
    )
  }
  return (
    <div class="meter">
      <label for="day-meter">
        {w.today} <span>{w.used(count, formatNumber(limit))}</span>
      </label>
      <meter id="day-meter" min={0} max={limit} value={used} high={limit - 1} />
      <p class="soft">{w.resets(formatTime(resetsAt))}</p>
    </div>
  )
}

import type { SubscriptionStatus } from "../api/client.ts"
import { formatDate, formatNumber, formatTime, t } from "../i18n/index.ts"
import { isEmbedded } from "../state/embedding.ts"
import { manage, plan, upgrade } from "../state/plan.ts"

/** The plan, the meter of the day, and the way to the other plan. */
export function PlanSection() {
  if (plan.value === null) return <section aria-busy="true" />
  const { tier, status, usage, actionUrl, cancelAt, currentPeriodEnd } = plan.value
  const hasSubscription = status !== "none"
  return (
    <section>
      <h2>{t.account.plan}</h2>
      <p class="plan-name">{tier === "pro" ? t.account.pro : t.account.basic}</p>
      {actionUrl && (
        <p class="failure">
          {t.account.payment}{" "}
          <a class="link" href={actionUrl} rel="noreferrer" target={isEmbedded ? "_blank" : undefined}>
            {t.account.pay}
          </a>
        </p>
      )}
      <Meter usage={usage} />
      {cancelAt && <p class="soft">{t.account.ends(formatDate(cancelAt))}</p>}
      {!cancelAt && tier === "pro" && currentPeriodEnd && (
        <p class="soft">{t.account.renews(formatDate(currentPeriodEnd))}</p>
      )}
      {tier === "basic" && (
        <div class="upgrade">
          <p>{t.account.upgradeLead}</p>
          <button type="button" class="primary" onClick={upgrade}>
            {t.account.upgrade}
          </button>
        </div>
      )}
      {hasSubscription && (
        <button type="button" class="secondary" onClick={manage}>
          {t.account.manage}
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
        {t.account.today}: {t.account.unlimited(count)}
      </p>
    )
  }
  return (
    <div class="meter">
      <label for="day-meter">
        {t.account.today} <span>{t.account.used(count, formatNumber(limit))}</span>
      </label>
      <meter id="day-meter" min={0} max={limit} value={used} high={limit - 1} />
      <p class="soft">{t.account.resets(formatTime(resetsAt))}</p>
    </div>
  )
}

import { formatTime, t } from "../i18n/index.ts"
import { plan, upgrade } from "../state/plan.ts"

const FEW = 2

/** How many prompts are left today, when there are few; when there are none, when new ones come and how to get more. */
export function PlanNote() {
  const usage = plan.value?.usage
  if (!usage || usage.limit === null || usage.remaining === null || usage.remaining > FEW) return null
  if (usage.remaining > 0) return <p class="note soft">{t.composer.left(usage.remaining)}</p>
  return (
    <div class="used-up" role="status">
      <span>{t.composer.usedUp(usage.limit, formatTime(usage.resetsAt))}</span>
      <button type="button" class="primary" onClick={upgrade}>
        {t.composer.upgrade}
      </button>
    </div>
  )
}

import { type AuditEntry, page } from "./api.ts"
import { formatUtc } from "./format.ts"
import { ListedSection } from "./listed-section.tsx"
import { w } from "./words/index.ts"

export function AuditSection() {
  const words = w.audit
  return (
    <ListedSection<AuditEntry>
      title={words.title}
      lead={words.lead}
      load={(query) => page("GET /admin/audit", { query })}
      columns={() => [
        { name: words.time, show: ({ at }) => formatUtc(at) },
        { name: words.actor, show: ({ actor }) => <span class="id">{actor}</span> },
        { name: words.action, show: ({ action }) => action },
        { name: words.target, show: ({ targetId }) => <span class="id">{targetId ?? "—"}</span> },
        {
          name: words.outcome,
          show: ({ outcome }) => <span class={outcome === "ok" ? "" : "failure"}>{outcome}</span>,
        },
        { name: words.address, show: ({ address }) => address },
        { name: words.request, show: ({ requestId }) => <span class="id">{requestId}</span> },
      ]}
    />
  )
}

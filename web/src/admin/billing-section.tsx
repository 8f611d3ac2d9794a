import { type BillingEvent, call, page } from "./api.ts"
import { formatUtc } from "./format.ts"
import { ListedSection } from "./listed-section.tsx"
import { RowAction } from "./row-action.tsx"
import { w } from "./words/index.ts"

export function BillingSection() {
  const words = w.billing
  return (
    <ListedSection<BillingEvent>
      title={words.title}
      lead={words.lead}
      load={(query) => page("GET /admin/billing/events", { query })}
      columns={(reload) => [
        { name: words.received, show: ({ receivedAt }) => formatUtc(receivedAt) },
        { name: words.event, show: ({ id }) => <span class="id">{id}</span> },
        { name: words.type, show: ({ type }) => type },
        { name: words.status, show: ({ status }) => status },
        { name: words.tries, isNumber: true, show: ({ tries }) => tries },
        {
          name: w.action,
          isUnlabelled: true,
          show: ({ id }) => (
            <RowAction
              label={words.replay}
              about={id}
              run={() => call("POST /admin/billing/events/{id}/replay", { params: { id } }).then(reload)}
              done={words.replayed(id)}
            />
          ),
        },
      ]}
    />
  )
}

import { call, type DeadLetter, page } from "./api.ts"
import { formatUtc } from "./format.ts"
import { ListedSection } from "./listed-section.tsx"
import { toUser } from "./place.ts"
import { RowAction } from "./row-action.tsx"
import { w } from "./words/index.ts"

export function RepliesSection() {
  const words = w.replies
  return (
    <ListedSection<DeadLetter>
      title={words.title}
      lead={words.lead}
      load={(query) => page("GET /admin/replies", { query })}
      columns={(reload) => [
        { name: words.failedAt, show: ({ completedAt }) => formatUtc(completedAt) },
        { name: words.reason, show: ({ error }) => <span title={error.message}>{error.code}</span> },
        { name: words.model, show: ({ model }) => model ?? "—" },
        { name: words.attempts, isNumber: true, show: ({ attempts }) => attempts },
        {
          name: words.user,
          show: ({ userId }) => (
            <a class="id" href={toUser(userId)}>
              {userId}
            </a>
          ),
        },
        {
          name: w.action,
          isUnlabelled: true,
          show: ({ id }) => (
            <RowAction
              label={words.retry}
              about={id}
              run={() => call("POST /admin/replies/{id}/retry", { params: { id } }).then(reload)}
              done={words.queued(id)}
            />
          ),
        },
      ]}
    />
  )
}

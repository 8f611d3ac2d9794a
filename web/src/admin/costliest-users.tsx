import { useSignal } from "@preact/signals"
import { formatNumber } from "../i18n/index.ts"
import { DataTable } from "../ui/data-table.tsx"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import { call, type UserUsage } from "./api.ts"
import { formatAmount } from "./format.ts"
import { toUser } from "./place.ts"
import { w } from "./words/index.ts"

/** The users who cost most, on demand: looking at them is entered in the audit log. */
export function CostliestUsers() {
  const users = useSignal<UserUsage[] | null>(null)
  async function load() {
    try {
      users.value = await call("GET /admin/usage/users", { query: { limit: 20 } })
    } catch (error) {
      tell(wordsOf(error))
    }
  }
  if (!users.value) {
    return (
      <p>
        <button type="button" class="link" onClick={load}>
          {w.users.costliest}
        </button>
      </p>
    )
  }
  return (
    <DataTable
      label={w.users.costliest}
      rows={users.value}
      none={w.none}
      keyOf={({ userId }) => userId}
      columns={[
        {
          name: w.users.user,
          show: ({ userId }) => (
            <a class="id" href={toUser(userId)}>
              {userId}
            </a>
          ),
        },
        { name: w.users.prompts, isNumber: true, show: ({ prompts }) => formatNumber(prompts) },
        {
          name: w.users.cost,
          isNumber: true,
          show: ({ cost }) => (cost ? formatAmount(cost) : w.users.unpriced),
        },
      ]}
    />
  )
}

import { useSignal } from "@preact/signals"
import type { Page } from "../../../packages/client/src/index.ts"
import { t } from "../i18n/index.ts"
import { type Column, DataTable } from "../ui/data-table.tsx"
import { useLoaded } from "./use-loaded.ts"
import { w } from "./words/index.ts"

/** A list that is newest first, page by page. */
export function ListedSection<T extends { id: string }>({
  title,
  lead,
  load,
  columns,
}: {
  title: string
  lead: string
  load(query: Record<string, string>): Promise<Page<T[]>>
  columns(reload: () => Promise<void>): Column<T>[]
}) {
  const query = useSignal<Record<string, string>>({})
  const { value, problem, reload } = useLoaded(() => load(query.peek()), JSON.stringify(query.value))
  const shown = value.value
  return (
    <section>
      <h1>{title}</h1>
      <p class="soft">{lead}</p>
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      {shown ? (
        <DataTable
          none={w.none}
          label={title}
          columns={columns(reload)}
          rows={shown.reply}
          keyOf={({ id }) => id}
        />
      ) : (
        !problem.value && <p class="soft">{t.common.loading}</p>
      )}
      <p class="pages">
        {query.value.cursor && (
          <button type="button" class="link" onClick={() => (query.value = {})}>
            {w.newest}
          </button>
        )}
        {shown?.next && (
          <button type="button" class="link" onClick={() => (query.value = shown.next ?? {})}>
            {w.older}
          </button>
        )}
      </p>
    </section>
  )
}

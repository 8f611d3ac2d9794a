import type { ComponentChildren } from "preact"
import "./data-table.css"

export interface Column<T> {
  name: string
  /** Numbers stand below one another. */
  isNumber?: boolean
  /** What the values are says enough; the name is for those who don't see them. */
  isUnlabelled?: boolean
  show(row: T): ComponentChildren
}

/** A table; on a telephone each row is a block in which every value has its label. */
export function DataTable<T>({
  label,
  columns,
  rows,
  keyOf,
  none,
}: {
  label: string
  columns: Column<T>[]
  rows: T[]
  keyOf(row: T): string
  /** What is said where there is no row. */
  none: string
}) {
  if (rows.length === 0) return <p class="soft">{none}</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than its place is moved by the arrow keys.
    <div class="table-scroll" tabIndex={0} role="region" aria-label={label}>
      <table class="data">
        <thead>
          <tr>
            {columns.map(({ name, isNumber, isUnlabelled }) => (
              <th key={name} scope="col" class={isNumber ? "number" : ""}>
                {isUnlabelled ? <span class="unseen">{name}</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ name, isNumber, isUnlabelled, show }) => (
                <td key={name} data-label={isUnlabelled ? "" : name} class={isNumber ? "number" : ""}>
                  {show(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

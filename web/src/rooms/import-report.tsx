import type { Import } from "../api/client.ts"
import { formatNumber, t } from "../i18n/index.ts"

/** More than these are counted. */
const SHOWN = 50

/** What an import has brought, and what was wrong with which conversation. */
export function ImportReport({ report: { status, chatrooms, problems } }: { report: Import }) {
  const { length: count } = chatrooms
  return (
    <div role="status" class="report">
      <p>
        {count > 0
          ? t.import.imported(count, formatNumber(count))
          : status === "failed"
            ? t.import.failed
            : t.import.nothing}
      </p>
      {problems.length > 0 && (
        <details open={problems.length <= 5}>
          <summary>{t.import.problems(problems.length, formatNumber(problems.length))}</summary>
          <ul>
            {problems.slice(0, SHOWN).map(({ code, message, where }, index) => (
              <li key={index}>
                <span>
                  {nameOf(where)}
                  {pathIn(where) !== "" && <code> {pathIn(where)}</code>}
                </span>
                <span class="soft">{t.codes.imports[code] ?? message}</span>
              </li>
            ))}
          </ul>
          {problems.length > SHOWN && (
            <p class="soft">{t.import.more(formatNumber(problems.length - SHOWN))}</p>
          )}
        </details>
      )}
    </div>
  )
}

/** Where in the conversation. */
const pathIn = (where: string | null) => (where ?? "").replace(/^\[\d+\]\.?/, "")

/** The service counts conversations from 0, people from 1. */
function nameOf(where: string | null): string {
  const number = /^\[(\d+)\]/.exec(where ?? "")?.[1]
  return number === undefined ? t.import.file : t.import.where(formatNumber(Number(number) + 1))
}

import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { sourcesOf } from "./markdown/cites.ts"

/** Where a reply has its words from, and what was searched for: Google's terms ask that the searches are shown. */
export function Sources({
  message: { citations, searchQueries },
}: {
  message: Pick<Message, "citations" | "searchQueries">
}) {
  const sources = sourcesOf(citations)
  if (sources.length === 0 && searchQueries.length === 0) return null
  return (
    <aside class="sources">
      {sources.length > 0 && (
        <>
          <h3>{t.thread.sources}</h3>
          <ol>
            {sources.map(({ uri, title, license }) => (
              <li key={uri}>
                <Away to={uri}>{title}</Away>
                {license && <span class="soft"> · {license}</span>}
              </li>
            ))}
          </ol>
        </>
      )}
      {searchQueries.length > 0 && (
        <>
          <h3>{t.thread.searched}</h3>
          <ul class="searches">
            {searchQueries.map((query) => (
              <li key={query}>
                <Away to={`https://www.google.com/search?q=${encodeURIComponent(query)}`}>{query}</Away>
              </li>
            ))}
          </ul>
        </>
      )}
    </aside>
  )
}

function Away({ to, children }: { to: string; children: string | null }) {
  if (!/^https?:\/\//i.test(to)) return <>{children}</>
  return (
    <a href={to} target="_blank" rel="noopener noreferrer nofollow" dir="auto">
      {children}
    </a>
  )
}

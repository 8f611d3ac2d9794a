import { useSignal } from "@preact/signals"
import type { JSX } from "preact"
import { useEffect } from "preact/hooks"
import { client, type SearchResult } from "../api/client.ts"
import { formatDate, formatNumber, t } from "../i18n/index.ts"
import { go, toRoom } from "../router.ts"
import { reveal } from "../thread/reveal.ts"
import { Dialog } from "../ui/dialog.tsx"
import { wordsOf } from "../ui/errors.ts"
import { isComposing } from "../ui/keys.ts"
import "./search.css"

/** A pause in the writing that is long enough to ask. */
const PAUSE_MS = 150

/** What isn't searched yet is a matter of a moment. */
const AGAIN_MS = 1_000
const SHOWN = 20

/** Finds what was said, and rooms by their names. */
export function SearchDialog({ onClose }: { onClose: () => void }) {
  const query = useSignal("")
  const found = useSignal<SearchResult[] | null>(null)
  const problem = useSignal<string | null>(null)
  /** Messages that aren't searched yet. */
  const pending = useSignal(0)

  useEffect(() => {
    let running: AbortController | null = null
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = query.subscribe((text) => {
      clearTimeout(timer)
      running?.abort()
      if (text.trim() === "") {
        found.value = null
        return
      }
      timer = setTimeout(() => {
        running = new AbortController()
        void search(text.trim(), running.signal)
      }, PAUSE_MS)
    })
    return () => {
      stop()
      clearTimeout(timer)
      running?.abort()
    }
    async function search(q: string, signal: AbortSignal) {
      try {
        const { reply, headers } = await client.page("GET /search", { query: { q, limit: SHOWN }, signal })
        found.value = reply
        pending.value = Number(headers.get("x-search-pending"))
        problem.value = null
        if (pending.value > 0) timer = setTimeout(() => void search(q, signal), AGAIN_MS)
      } catch (error) {
        if (!signal.aborted) problem.value = wordsOf(error)
      }
    }
  }, [query, found, problem, pending])

  function visit({ room, message, excerpt: { text, matches } }: SearchResult) {
    onClose()
    const words = matches.map(({ start, end }) => text.slice(start, end))
    if (message) reveal({ roomId: room.id, messageId: message.id, words })
    go(toRoom(room.id))
  }

  return (
    <Dialog title={t.search.title} onClose={onClose} class="search">
      <search onKeyDown={onArrow}>
        <input
          type="search"
          autofocus
          aria-label={t.search.title}
          placeholder={t.search.placeholder}
          value={query}
          onInput={({ currentTarget }) => (query.value = currentTarget.value)}
          onKeyDown={(event) => {
            const [first] = found.value ?? []
            if (event.key === "Enter" && !isComposing(event) && first) visit(first)
          }}
        />
        <div role="status" class="found">
          {problem.value && <p class="problem">{problem.value}</p>}
          {found.value?.length === 0 && <p class="soft">{t.search.nothing}</p>}
          {found.value && pending.value > 0 && (
            <p class="soft">{t.search.pending(pending.value, formatNumber(pending.value))}</p>
          )}
          <ul>
            {found.value?.map((result) => (
              <li key={`${result.room.id}${result.message?.id}`}>
                <button type="button" onClick={() => visit(result)}>
                  <span class="found-room" dir="auto">
                    <span>{result.message ? result.room.name : <Marked excerpt={result.excerpt} />}</span>
                    <small class="soft">
                      {formatDate(result.message?.createdAt ?? result.room.updatedAt)}
                    </small>
                  </span>
                  {result.message && (
                    <span class="found-text" dir="auto">
                      <Marked excerpt={result.excerpt} />
                    </span>
                  )}
                </button>
              </li>
            ))}
          </ul>
        </div>
      </search>
    </Dialog>
  )
}

/** The excerpt with what matches marked. */
function Marked({ excerpt: { text, matches } }: Pick<SearchResult, "excerpt">) {
  const parts: (string | JSX.Element)[] = []
  let at = 0
  for (const { start, end } of matches) {
    parts.push(withoutMarks(text.slice(at, start)), <mark key={start}>{text.slice(start, end)}</mark>)
    at = end
  }
  return (
    <>
      {parts}
      {withoutMarks(text.slice(at))}
    </>
  )
}

/** An excerpt is too short to be Markdown: its marks may be cut off. */
const withoutMarks = (text: string) => text.replaceAll(/\*\*|`+/g, "")

function onArrow(event: KeyboardEvent): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return
  const stops = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("input, li button")]
  const at = stops.indexOf(document.activeElement as HTMLElement)
  const to = stops[at + (event.key === "ArrowDown" ? 1 : -1)]
  if (!to) return
  event.preventDefault()
  to.focus()
}

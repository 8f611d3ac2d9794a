import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { client, type SharedConversation, type SharedMessage } from "../api/client.ts"
import { formatDate, formatNumber, t } from "../i18n/index.ts"
import { appName } from "../state/service.ts"
import { wordsOf } from "../ui/errors.ts"
import { PolicyLinks } from "../ui/policy-links.tsx"
import { Toasts } from "../ui/toast-list.tsx"
import { ContinueButton } from "./continue-button.tsx"
import type { Given } from "./given.ts"
import { SharedMessageView } from "./shared-message.tsx"

/** A conversation as its author has shared it: to read, and to continue in a copy. */
export function SharedPage({ token, shared, next }: Given) {
  useEffect(() => {
    document.title = `${shared?.title ?? t.shared.none} · ${appName}`
  }, [shared])
  if (!shared) {
    return (
      <main class="shared nothing">
        <h1>{t.shared.none}</h1>
        <p class="soft">{t.shared.noneLead}</p>
      </main>
    )
  }
  const made = formatDate(shared.createdAt)
  return (
    <>
      <main class="shared">
        <header class="shared-head">
          <h1 dir="auto">{shared.title}</h1>
          <p class="soft">{t.shared.lead(made, shared.messageCount, formatNumber(shared.messageCount))}</p>
          <ContinueButton token={token} />
        </header>
        {shared.messages.map((message, index) => (
          <SharedMessageView key={index} message={message} />
        ))}
        {next && <Rest token={token} next={next} />}
        <footer class="shared-foot">
          <p class="soft">{t.shared.foot}</p>
          <ContinueButton token={token} />
          <PolicyLinks />
        </footer>
      </main>
      <Toasts />
    </>
  )
}

/** The pages after the first, each loaded when the reader comes near. */
function Rest({ token, next }: { token: string; next: Record<string, string> }) {
  const messages = useSignal<SharedMessage[]>([])
  const following = useSignal<Record<string, string> | null>(next)
  const problem = useSignal<string | null>(null)
  const end = useRef<HTMLDivElement>(null)
  const isLoading = useRef(false)

  async function load() {
    const query = following.peek()
    if (!query || isLoading.current) return
    isLoading.current = true
    problem.value = null
    try {
      const page = await client.page("GET /shared/{token}", { params: { token }, query })
      messages.value = [...messages.peek(), ...(page.reply as SharedConversation).messages]
      following.value = page.next
    } catch (error) {
      problem.value = wordsOf(error)
    }
    isLoading.current = false
  }

  useEffect(() => {
    const near = new IntersectionObserver(([entry]) => entry?.isIntersecting && void load(), {
      rootMargin: "600px",
    })
    if (end.current) near.observe(end.current)
    return () => near.disconnect()
    // Observed anew after each page: one that is short leaves the end in sight.
  }, [messages.value])

  return (
    <>
      {messages.value.map((message, index) => (
        <SharedMessageView key={index} message={message} />
      ))}
      <div ref={end} class="soft">
        {following.value && problem.value === null && <p role="status">{t.common.loading}</p>}
        {problem.value !== null && (
          <p class="problem" role="alert">
            {problem.value}{" "}
            <button type="button" class="link" onClick={load}>
              {t.common.retry}
            </button>
          </p>
        )}
      </div>
    </>
  )
}

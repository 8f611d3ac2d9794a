import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { client, type Session } from "../api/client.ts"
import { formatDate } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import { NotLoaded } from "./not-loaded.tsx"
import { w } from "./words/index.ts"

/** Every session of the account; others can be ended from here. */
export function Sessions() {
  const sessions = useSignal<Session[] | null>(null)
  const isFailed = useSignal(false)
  async function load() {
    try {
      sessions.value = await client.call("GET /auth/sessions")
    } catch {
      isFailed.value = true
    }
  }
  useEffect(() => void load(), [])

  async function end({ id }: Session) {
    try {
      await client.call("DELETE /auth/sessions/{id}", { params: { id } })
      sessions.value = (sessions.peek() ?? []).filter((session) => session.id !== id)
    } catch (error) {
      tell(wordsOf(error))
    }
  }

  return (
    <section>
      <h2>{w.sessions}</h2>
      {sessions.value === null && isFailed.value && <NotLoaded load={load} words={w.sessionsNotLoaded} />}
      <ul class="sessions">
        {sessions.value?.map((session) => (
          <li key={session.id}>
            <span>
              {deviceOf(session)}
              <small class="soft">
                {session.current ? w.thisSession : w.lastUsed(formatDate(session.lastUsedAt))}
              </small>
            </span>
            {!session.current && (
              <button type="button" class="link" onClick={() => end(session)}>
                {w.endSession}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

const BROWSERS = ["Edg", "Firefox", "Chrome", "Safari"]
const SYSTEMS = ["iPhone", "iPad", "Android", "Windows", "Mac OS", "Linux"]

/** Browser and system, as far as a user agent tells. */
function deviceOf({ userAgent }: Session): string {
  const browser = BROWSERS.find((name) => userAgent?.includes(name))
  const system = SYSTEMS.find((name) => userAgent?.includes(name))
  const parts = [browser === "Edg" ? "Edge" : browser, system].filter((part) => part !== undefined)
  return parts.length > 0 ? parts.join(" · ") : w.unknownDevice
}

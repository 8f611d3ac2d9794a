import { vi } from "vitest"
import type { ServerEvent } from "../../tools/lib/http.ts"
import { PATIENCE_MS } from "./answers.ts"
import type { SignedIn, TestApp } from "./app.ts"

/** Follows a room in the background. */
export function followRoom(app: TestApp, user: SignedIn, room: { id: string }, lastEventId?: string) {
  const hangUp = new AbortController()
  const events: ServerEvent[] = []
  const headers: Record<string, string> = lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId }
  const ended = (async () => {
    try {
      for await (const event of app.http.events(`/chatroom/${room.id}/events`, {
        token: user.token,
        headers,
        signal: hangUp.signal,
      }))
        events.push(event)
    } catch (error) {
      if (!hangUp.signal.aborted) throw error
    }
  })()
  return {
    events,
    ended,
    until: (check: () => void) => vi.waitFor(check, { timeout: PATIENCE_MS, interval: 10 }),
    named: (name: string) => events.filter(({ event }) => event === name),
    texts: () => texts(events),
    async stop() {
      hangUp.abort()
      await ended
    },
  }
}

/** The text of each reply as a listener has it. */
export function texts(events: readonly ServerEvent[]): Record<string, string> {
  const byId: Record<string, string> = {}
  for (const { event, data } of events) {
    if (event === "reset") byId[data.messageId] = ""
    if (event === "delta") byId[data.messageId] = (byId[data.messageId] ?? "") + data.text
  }
  return byId
}

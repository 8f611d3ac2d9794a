import { afterEach, expect, test, vi } from "vitest"
import { createClient } from "../../packages/client/src/index.ts"

afterEach(() => {
  vi.useRealTimers()
})

test("a connection on which not even a heartbeat comes is opened again, after the last event", async () => {
  vi.useFakeTimers()
  const opened: (string | null)[] = []
  const silent: typeof fetch = async (_, init) => {
    opened.push(new Headers(init?.headers).get("last-event-id"))
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        if (opened.length === 1)
          controller.enqueue(new TextEncoder().encode("id: 5\nevent: reset\ndata: {}\n\n"))
        init?.signal?.addEventListener("abort", () => controller.error(new DOMException("", "AbortError")))
      },
    })
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } })
  }
  const leaving = new AbortController()
  const events = createClient({ baseUrl: "http://localhost", fetch: silent }).followRooms({
    signal: leaving.signal,
  })
  expect(await events.next()).toMatchObject({ value: { event: "reset", id: "5" } })
  const next = events.next()
  // Three heartbeats are missed; before that nothing is given up.
  await vi.advanceTimersByTimeAsync(44_000)
  expect(opened).toEqual([null])
  await vi.advanceTimersByTimeAsync(2_000)
  expect(opened).toEqual([null, "5"])
  leaving.abort()
  expect(await next).toMatchObject({ done: true })
})

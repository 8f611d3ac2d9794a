/** One server-sent event: `data` is JSON text on one line. */
export interface SseEvent {
  event: string
  data: unknown
  id?: string
}

/** Formats an event as in the HTML standard's event stream. */
export function formatSse({ event, data, id }: SseEvent): string {
  const idLine = id === undefined ? "" : `id: ${id}\n`
  return `${idLine}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}

/** A comment that keeps proxies from closing a quiet stream. */
export const SSE_HEARTBEAT = ": keep-alive\n\n"

/** Formats how long a client should wait before it opens the stream again. */
export const formatRetry = (ms: number) => `retry: ${ms}\n\n`

import type { Server, ServerResponse } from "node:http"
import type { Timing } from "../config/timing.ts"
import { createTurnClock } from "../utils/time.ts"

/** Less in a whole window isn't reading: a modem takes more in a second. */
const LEAST_BYTES = 16 * 1024

/** Since when a response waits for its reader, and what the reader had taken then. */
interface Window {
  since: number
  taken: number
}

/**
 * Cuts off every response, of whatever route, whose reader takes less than `LEAST_BYTES`, and not all there is, within
 * `slowReaderMs`. Waits for anything else, such as a reply or the next event, don't count, and neither does the time in
 * which this process stood still: what readers took meanwhile it has yet to see.
 */
export function cutOffSlowReaders(
  server: Server,
  open: Iterable<ServerResponse>,
  { slowReaderMs, connectionsCheckMs }: Timing["http"],
): void {
  const windows = new WeakMap<ServerResponse, Window>()
  const clock = createTurnClock(2 * connectionsCheckMs)
  const timer = setInterval(() => {
    const now = clock()
    for (const res of open) if (isTooSlow(res, windows, now, slowReaderMs)) res.destroy()
  }, connectionsCheckMs)
  server.once("close", () => clearInterval(timer))
}

function isTooSlow(
  res: ServerResponse,
  windows: WeakMap<ServerResponse, Window>,
  now: number,
  slowReaderMs: number,
): boolean {
  const unsent = res.writableLength
  // One that waits for an earlier response of its connection has no socket yet.
  if (unsent === 0 || !res.socket) {
    windows.delete(res)
    return false
  }
  const taken = res.socket.bytesWritten - unsent
  const window = windows.get(res)
  if (!window || taken - window.taken >= LEAST_BYTES) {
    windows.set(res, { since: now, taken })
    return false
  }
  return now - window.since >= slowReaderMs
}

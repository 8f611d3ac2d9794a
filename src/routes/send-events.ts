import { once } from "node:events"
import type { Request, Response } from "express"
import type { Principal } from "../controllers/http.ts"
import { isSessionLive } from "../services/auth/authenticate-token.ts"
import type { Context } from "../services/context.ts"
import type { CountedStream } from "../services/platform/stream-limit.ts"
import { formatRetry, formatSse, SSE_HEARTBEAT, type SseEvent } from "../utils/sse.ts"
import { splitAtWholeCharacter } from "../utils/text.ts"

/** A reader with more than this unsent is waited for, until all of it is sent; it can resume where it was cut off. */
const MAX_UNSENT_BYTES = 64 * 1024

/** Long events are written in pieces of this many UTF-16 units, so that what lies unsent is bounded for them, too. */
const MAX_PIECE = 16 * 1024

/**
 * Writes events as `text/event-stream` until they end, the client goes, its session ends, it reads too slowly or a newer
 * stream takes its place.
 * Back-pressure reaches the source: the next event is asked for when there is room for it.
 */
export async function sendEvents(
  ctx: Context,
  req: Request,
  res: Response,
  { events, displaced }: CountedStream<SseEvent>,
  user: Principal | undefined,
): Promise<void> {
  res.setHeader("Content-Type", "text/event-stream; charset=utf-8")
  res.setHeader("Cache-Control", "no-store")
  res.setHeader("X-Accel-Buffering", "no")
  res.flushHeaders()
  // The headers are all that HEAD asks for; what follows them ends as when a client goes.
  if (req.method === "HEAD") res.end()
  req.socket.setNoDelay(true)
  const stream = { res, isInEvent: false }
  const watch = watchOver(ctx, stream, user)
  displaced.addEventListener("abort", () => giveWay(ctx, stream), { once: true })
  try {
    for await (const event of events) {
      if (res.destroyed || res.writableEnded) break
      stream.isInEvent = true
      await writeInPieces(res, formatSse(event), ctx.timing.sse.slowReaderMs)
      stream.isInEvent = false
    }
    res.end()
  } finally {
    clearInterval(watch)
  }
}

/** One timer for the heartbeat and the end of the session: what a stream costs is counted per stream. */
function watchOver(ctx: Context, stream: { res: Response; isInEvent: boolean }, user: Principal | undefined) {
  const { res } = stream
  const { sessionCheckMs, heartbeatMs } = ctx.timing.sse
  const checksPerHeartbeat = heartbeatMs / sessionCheckMs
  let checks = 0
  return setInterval(() => {
    checks += 1
    if (user && !isSessionLive(ctx, user)) res.destroy()
    else if (checks % checksPerHeartbeat === 0 && res.writableLength === 0 && !stream.isInEvent)
      res.write(SSE_HEARTBEAT)
  }, sessionCheckMs)
}

/** A client that is still there comes back later, or two at the limit would displace each other without end. */
function giveWay(
  { timing: { sse } }: Context,
  { res, isInEvent }: { res: Response; isInEvent: boolean },
): void {
  // A frozen client takes nothing any more.
  if (isInEvent || res.writableLength > 0) return void res.destroy()
  res.end(formatRetry(sse.displacedRetryMs))
  setTimeout(() => res.destroy(), sse.slowReaderMs).unref()
}

/** A reader of a long event has `slowReaderMs` for each part of it, not for the whole. */
async function writeInPieces(res: Response, text: string, slowReaderMs: number): Promise<void> {
  for (let rest = text; rest !== "" && !res.destroyed; ) {
    const [piece] = splitAtWholeCharacter(rest.slice(0, MAX_PIECE))
    res.write(piece)
    rest = rest.slice(piece.length)
    if (res.writableLength > MAX_UNSENT_BYTES) await drained(res, slowReaderMs)
  }
}

/** Waits until the client has taken what was written; cuts it off when it takes too long. */
async function drained(res: Response, slowReaderMs: number): Promise<void> {
  const waits = new AbortController()
  const { signal } = waits
  const timer = setTimeout(() => waits.abort(), slowReaderMs)
  try {
    await Promise.race([once(res, "drain", { signal }), once(res, "close", { signal })])
  } catch {
    res.destroy()
  } finally {
    clearTimeout(timer)
    // The one that didn't come would keep its listeners.
    waits.abort()
  }
}

import type { Request, Response } from "express"
import type { Principal } from "../controllers/http.ts"
import { isSessionLive } from "../services/auth/authenticate-token.ts"
import type { Context } from "../services/context.ts"
import type { CountedStream } from "../services/platform/stream-limit.ts"
import { formatRetry, formatSse, SSE_HEARTBEAT, type SseEvent } from "../utils/sse.ts"
import { writeBody } from "./send-body.ts"

/**
 * Writes events as `text/event-stream` until they end, the client goes, its session ends, it reads too slowly or a newer
 * stream takes its place; it can resume where it was cut off.
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
  const unwatch = watchOver(ctx, stream, user)
  displaced.addEventListener("abort", () => giveWay(ctx, stream), { once: true })
  try {
    for await (const event of events) {
      if (res.destroyed || res.writableEnded) break
      stream.isInEvent = true
      await writeBody(ctx, res, formatSse(event))
      stream.isInEvent = false
    }
    res.end()
  } finally {
    unwatch()
  }
}

/** Ends the stream soon after its session, and sends heartbeats while it is quiet. */
function watchOver(ctx: Context, stream: { res: Response; isInEvent: boolean }, user: Principal | undefined) {
  const { res } = stream
  const { sessionCheckMs, heartbeatMs } = ctx.timing.sse
  const checksPerHeartbeat = heartbeatMs / sessionCheckMs
  let checks = 0
  return ctx.streamTicks.add(() => {
    checks += 1
    const isEnding = user !== undefined && !isSessionLive(ctx, user)
    // A frozen client takes nothing any more. To the others it is a plain end, of which browsers don't complain.
    if (isEnding) isQuiet(stream) ? res.end() : res.destroy()
    else if (checks % checksPerHeartbeat === 0 && isQuiet(stream)) res.write(SSE_HEARTBEAT)
  })
}

/**
 * Ends a stream that a newer one displaces. Its client is told, and to come back later if at all: two that reconnect at
 * once would displace each other without end.
 */
function giveWay(
  { timing: { sse } }: Context,
  { res, isInEvent }: { res: Response; isInEvent: boolean },
): void {
  // A frozen client takes nothing any more.
  if (isInEvent || res.writableLength > 0) return void res.destroy()
  res.end(formatSse({ event: "evicted", data: {} }) + formatRetry(sse.displacedRetryMs))
}

/** A heartbeat in the middle of an event would break it, and one for a reader that stands still would be kept for it. */
function isQuiet({ res, isInEvent }: { res: Response; isInEvent: boolean }): boolean {
  return !isInEvent && !res.writableEnded && res.writableLength === 0
}

import type { Request, Response } from "express"
import type { Principal } from "../controllers/http.ts"
import { isSessionLive } from "../services/auth/authenticate-token.ts"
import type { Context } from "../services/context.ts"
import { formatSse, SSE_HEARTBEAT, type SseEvent } from "../utils/sse.ts"
import { writeBody } from "./send-body.ts"

/**
 * Writes events as `text/event-stream` until they end, the client goes, its session ends or it reads too slowly; it
 * can resume where it was cut off. Back-pressure reaches the source: the next event is asked for when there is room.
 */
export async function sendEvents(
  ctx: Context,
  req: Request,
  res: Response,
  events: AsyncIterable<SseEvent>,
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
    if (user && !isSessionLive(ctx, user)) res.destroy()
    else if (checks % checksPerHeartbeat === 0 && res.writableLength === 0 && !stream.isInEvent)
      res.write(SSE_HEARTBEAT)
  })
}

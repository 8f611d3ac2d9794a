import { once } from "node:events"
import type { Request, Response } from "express"
import type { Caller } from "../controllers/endpoint.ts"
import { isSessionLive } from "../services/auth/authenticate-token.ts"
import type { Context } from "../services/context.ts"
import { formatSse, SSE_HEARTBEAT, type SseEvent } from "../utils/sse.ts"
import { SECOND } from "../utils/time.ts"

/** The contract's: a comment every 15 s. */
const HEARTBEAT_MS = 15 * SECOND

/** How soon a stream ends after its session has. */
const SESSION_CHECK_MS = 2 * SECOND

/** A reader that has let this much lie for `SLOW_MS` is cut off; it can resume where it was. */
const MAX_UNSENT_BYTES = 64 * 1024
const SLOW_MS = 15 * SECOND

/**
 * Writes events as `text/event-stream` until they end, the client goes, its session ends or it reads too slowly.
 * Back-pressure reaches the source: the next event is asked for when there is room for it.
 */
export async function sendEvents(
  ctx: Context,
  req: Request,
  res: Response,
  events: AsyncIterable<SseEvent>,
  user: Caller | undefined,
): Promise<void> {
  res.setHeader("Content-Type", "text/event-stream; charset=utf-8")
  res.setHeader("Cache-Control", "no-store")
  res.setHeader("X-Accel-Buffering", "no")
  res.flushHeaders()
  req.socket.setNoDelay(true)
  const heartbeat = setInterval(() => res.writableLength === 0 && res.write(SSE_HEARTBEAT), HEARTBEAT_MS)
  const sessionCheck = setInterval(() => {
    if (user && !isSessionLive(ctx, user)) res.destroy()
  }, SESSION_CHECK_MS)
  try {
    for await (const event of events) {
      if (res.destroyed) break
      res.write(formatSse(event))
      if (res.writableLength > MAX_UNSENT_BYTES) await drained(res)
    }
    res.end()
  } finally {
    clearInterval(heartbeat)
    clearInterval(sessionCheck)
  }
}

async function drained(res: Response): Promise<void> {
  const signal = AbortSignal.any([AbortSignal.timeout(SLOW_MS)])
  const closed = once(res, "close", { signal })
  await Promise.race([once(res, "drain", { signal }), closed]).catch(() => res.destroy())
}

import { once } from "node:events"
import type { Request, Response } from "express"
import type { Principal } from "../controllers/http.ts"
import { isSessionLive } from "../services/auth/authenticate-token.ts"
import type { Context } from "../services/context.ts"
import { formatSse, SSE_HEARTBEAT, type SseEvent } from "../utils/sse.ts"
import { splitAtWholeCharacter } from "../utils/text.ts"
import { SECOND } from "../utils/time.ts"

/** How soon a stream ends after its session has. */
const LOOK_MS = 2.5 * SECOND

/** The contract's: a comment every 15 s. */
const LOOKS_PER_HEARTBEAT = (15 * SECOND) / LOOK_MS

/** A reader with more than this unsent is waited for, until all of it is sent; it can resume where it was cut off. */
const MAX_UNSENT_BYTES = 64 * 1024
const SLOW_MS = 15 * SECOND

/** Long events are written in pieces of this many UTF-16 units, so that what lies unsent is bounded for them, too. */
const MAX_PIECE = 16 * 1024

/**
 * Writes events as `text/event-stream` until they end, the client goes, its session ends or it reads too slowly.
 * Back-pressure reaches the source: the next event is asked for when there is room for it.
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
  const watch = watchOver(ctx, stream, user)
  try {
    for await (const event of events) {
      if (res.destroyed || res.writableEnded) break
      stream.isInEvent = true
      await writeInPieces(res, formatSse(event))
      stream.isInEvent = false
    }
    res.end()
  } finally {
    clearInterval(watch)
  }
}

/** One timer for the heartbeat and the end of the session: what a stream costs is counted per stream. */
function watchOver(
  ctx: Context,
  stream: { res: Response; isInEvent: boolean },
  user: Principal | undefined,
): NodeJS.Timeout {
  const { res } = stream
  let looks = 0
  return setInterval(() => {
    looks += 1
    if (user && !isSessionLive(ctx, user)) res.destroy()
    else if (looks % LOOKS_PER_HEARTBEAT === 0 && res.writableLength === 0 && !stream.isInEvent)
      res.write(SSE_HEARTBEAT)
  }, LOOK_MS)
}

/** A reader of a long event has `SLOW_MS` for each part of it, not for the whole. */
async function writeInPieces(res: Response, text: string): Promise<void> {
  for (let rest = text; rest !== "" && !res.destroyed; ) {
    const [piece] = splitAtWholeCharacter(rest.slice(0, MAX_PIECE))
    res.write(piece)
    rest = rest.slice(piece.length)
    if (res.writableLength > MAX_UNSENT_BYTES) await drained(res)
  }
}

/** Waits until the client has taken what was written; cuts it off when it takes too long. */
async function drained(res: Response): Promise<void> {
  const waits = new AbortController()
  const { signal } = waits
  const timer = setTimeout(() => waits.abort(), SLOW_MS)
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

import { isFinal, type MessageKey, type MessageRecord } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import type { LiveReply } from "./live-replies.ts"
import type { Wake } from "./reply-log.ts"

export type ReplyEvent =
  | { event: "delta"; id: string; text: string }
  | { event: "reset"; id: string; attempt: number }
  | { event: "done"; id: string; message: MessageRecord }

/** How much of a reply a listener has: `characters` UTF-16 code units of the text of `attempt`. */
export interface ReplyCursor {
  attempt: number
  characters: number
}

const idOf = ({ attempt, characters }: ReplyCursor) => `${attempt}-${characters}`

/**
 * Yields the events of a reply after `lastEventId`: first the missed ones, then live ones, until the row is final. The
 * joined deltas since the last reset are the stored text. The log makes them prompt and the row makes them complete:
 * text that the log has lost comes from the row.
 * Ends without `done` when `signal` aborts or the reply is deleted.
 */
export async function* followReply(
  ctx: Context,
  { reply, lastEventId, signal }: { reply: MessageKey; lastEventId?: string; signal: AbortSignal },
): AsyncGenerator<ReplyEvent> {
  const waker = createWaker(signal)
  const live = ctx.liveReplies.follow(reply, () => waker.wake("text"))
  const cursor = parseReplyCursor(lastEventId)
  try {
    while (!signal.aborted) {
      waker.take()
      const now = await live.read()
      if (!now.row) return
      yield* catchUp(cursor, now)
      if (isFinal(now.row)) return yield { event: "done", id: idOf(cursor), message: now.row }
      await waker.wait()
    }
  } finally {
    live.leave()
  }
}

/** Parses `<attempt>-<characters>`. Anything else starts from the beginning. */
function parseReplyCursor(lastEventId: string | undefined): ReplyCursor {
  const [, attempt, characters] = /^(\d{1,9})-(\d{1,9})$/.exec(lastEventId ?? "") ?? []
  return attempt
    ? { attempt: Number(attempt), characters: Number(characters) }
    : { attempt: 0, characters: 0 }
}

/**
 * Advances `cursor` to what is known of the reply. A cursor beyond that is reset, because no server sent it. Text that
 * another process has sent before this one knows of it is waited for.
 */
export function* catchUp(cursor: ReplyCursor, { attempt, text, row }: LiveReply): Generator<ReplyEvent> {
  const isWhole = row !== null && isFinal(row)
  if (cursor.attempt > attempt || (isWhole && cursor.attempt === attempt && cursor.characters > text.length))
    yield reset(cursor, attempt)
  if (attempt > cursor.attempt) {
    if (cursor.characters > 0) yield reset(cursor, attempt)
    cursor.attempt = attempt
    cursor.characters = 0
  }
  const fresh = text.slice(cursor.characters)
  if (fresh === "") return
  cursor.characters += fresh.length
  yield { event: "delta", id: idOf(cursor), text: fresh }
}

function reset(cursor: ReplyCursor, attempt: number): ReplyEvent {
  cursor.attempt = attempt
  cursor.characters = 0
  return { event: "reset", id: idOf(cursor), attempt }
}

/** Collects wake-ups, so that none is lost while the listener is busy. It begins with one. */
export function createWaker(signal: AbortSignal) {
  let pending: Wake | null = "state"
  let wakeUp = () => {}
  signal.addEventListener("abort", () => wakeUp(), { once: true })
  return {
    wake(what: Wake) {
      pending = pending === "state" ? pending : what
      wakeUp()
    },
    take(): Wake | null {
      const taken = pending
      pending = null
      return taken
    },
    /** Resolves at a wake-up or at an abort. */
    async wait() {
      if (pending !== null || signal.aborted) return
      await new Promise<void>((resolve) => {
        wakeUp = resolve
      })
    },
  }
}

/** Waits until a reply is final. @returns its row, or null when `signal` aborted first or it was deleted */
export async function waitForReply(
  ctx: Context,
  reply: MessageKey,
  signal: AbortSignal,
): Promise<MessageRecord | null> {
  for await (const event of followReply(ctx, { reply, signal }))
    if (event.event === "done") return event.message
  return null
}

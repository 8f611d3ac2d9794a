import { readMessage } from "../../chat/list-messages.ts"
import { isFinal, type MessageKey, type MessageRecord } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import type { Fresh, LogEntry, LogPosition, Wake } from "./reply-log.ts"

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
  const waker = createWaker(ctx.timing.replies.rowCheckMs, signal)
  const unsubscribe = ctx.replyLog.subscribe(reply.id, waker.wake)
  const cursor = parseReplyCursor(lastEventId)
  let position: LogPosition = null
  try {
    while (!signal.aborted) {
      if (waker.take() === "state") {
        const row = await readMessage(ctx, reply)
        if (!row) return
        yield* catchUp(cursor, row)
        if (isFinal(row)) return yield { event: "done", id: idOf(cursor), message: row }
      }
      const fresh = await ctx.replyLog.read(reply.id, position)
      for (const entry of fresh.entries) yield* advance(cursor, entry)
      position = nextPosition(cursor, position, fresh)
      await waker.wait()
    }
  } finally {
    unsubscribe()
  }
}

/** Parses `<attempt>-<characters>`. Anything else starts from the beginning. */
function parseReplyCursor(lastEventId: string | undefined): ReplyCursor {
  const [, attempt, characters] = /^(\d{1,9})-(\d{1,9})$/.exec(lastEventId ?? "") ?? []
  return attempt
    ? { attempt: Number(attempt), characters: Number(characters) }
    : { attempt: 0, characters: 0 }
}

/** Advances `cursor` by the row's text. A cursor beyond that is forged, because no server sent it, and is reset. */
export function* catchUp(cursor: ReplyCursor, row: MessageRecord): Generator<ReplyEvent> {
  const beyond =
    cursor.attempt > row.attempt ||
    (isFinal(row) && cursor.attempt === row.attempt && cursor.characters > row.content.length)
  if (beyond) yield reset(cursor, row.attempt)
  yield* advance(cursor, { attempt: row.attempt, offset: 0, text: row.content })
}

/** Advances `cursor` by the new text of `entry`. An entry beyond a gap is skipped until the row has filled the gap. */
export function* advance(cursor: ReplyCursor, { attempt, offset, text }: LogEntry): Generator<ReplyEvent> {
  if (attempt < cursor.attempt) return
  if (attempt > cursor.attempt) {
    if (cursor.characters > 0) yield reset(cursor, attempt)
    cursor.attempt = attempt
    cursor.characters = 0
  }
  if (offset > cursor.characters) return
  const fresh = text.slice(cursor.characters - offset)
  if (fresh === "") return
  cursor.characters += fresh.length
  yield { event: "delta", id: idOf(cursor), text: fresh }
}

/** Returns where to continue in the log: at the same entries if one lies beyond a gap that the row has to fill. */
export function nextPosition(
  cursor: ReplyCursor,
  before: LogPosition,
  { entries, position }: Fresh,
): LogPosition {
  const isBeyond = ({ attempt, offset }: LogEntry) => attempt === cursor.attempt && offset > cursor.characters
  return entries.some(isBeyond) ? before : position
}

function reset(cursor: ReplyCursor, attempt: number): ReplyEvent {
  cursor.attempt = attempt
  cursor.characters = 0
  return { event: "reset", id: idOf(cursor), attempt }
}

/**
 * Collects wake-ups, so that none is lost while the listener is busy. It begins with a check of the row and asks for
 * another after `rowCheckMs` at most, because the log may lose text that it has announced.
 */
export function createWaker(rowCheckMs: number, signal: AbortSignal) {
  let pending: Wake | null = "state"
  let checkAt = 0
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
      if (taken === "state") checkAt = performance.now() + rowCheckMs
      return taken
    },
    /** Resolves at a wake-up, at an abort, or when the row is due for a check. */
    async wait() {
      const leftMs = checkAt - performance.now()
      if (leftMs <= 0) pending = "state"
      if (pending !== null || signal.aborted) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        wakeUp = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      pending ??= "state"
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

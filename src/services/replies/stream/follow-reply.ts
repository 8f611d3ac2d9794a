import { isFinal, type MessageKey, type MessageRecord, messageSql } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import { type Fresh, type LogEntry, type LogPosition, ROW_CHECK_MS, type Wake } from "./reply-log.ts"

export type ReplyEvent =
  | { event: "delta"; id: string; text: string }
  | { event: "reset"; id: string; attempt: number }
  | { event: "done"; id: string; message: MessageRecord }

/** How much of a reply a listener has: `characters` UTF-16 units of what `attempt` has written. */
export interface ReplyCursor {
  attempt: number
  characters: number
}

const idOf = ({ attempt, characters }: ReplyCursor) => `${attempt}-${characters}`

/**
 * Everything that happens to a reply from `lastEventId` on: what the listener missed, then live, until the row says
 * that it is final. Joined up, and started anew at every reset, the deltas are the stored text. The log makes it
 * prompt, the row makes it right: pieces that the log has lost come from the row.
 * Ends without `done` when `signal` aborts or the reply is deleted.
 */
export async function* followReply(
  ctx: Context,
  { reply, lastEventId, signal }: { reply: MessageKey; lastEventId?: string; signal: AbortSignal },
): AsyncGenerator<ReplyEvent> {
  const woken = createWaker(signal)
  const unsubscribe = ctx.replyLog.subscribe(reply.id, woken.wake)
  const cursor = parseReplyCursor(lastEventId)
  let position: LogPosition = null
  try {
    while (!signal.aborted) {
      if (woken.take() === "state") {
        const row = await readReply(ctx, reply)
        if (!row) return
        yield* catchUp(cursor, row)
        if (isFinal(row)) return yield { event: "done", id: idOf(cursor), message: row }
      }
      const fresh = await ctx.replyLog.read(reply.id, position)
      for (const entry of fresh.entries) yield* advance(cursor, entry)
      position = nextPosition(cursor, position, fresh)
      await woken.wait()
    }
  } finally {
    unsubscribe()
  }
}

/** `<attempt>-<characters>`; anything else starts from the beginning. */
function parseReplyCursor(lastEventId: string | undefined): ReplyCursor {
  const [, attempt, characters] = /^(\d{1,9})-(\d{1,9})$/.exec(lastEventId ?? "") ?? []
  return attempt
    ? { attempt: Number(attempt), characters: Number(characters) }
    : { attempt: 0, characters: 0 }
}

/** The reply's row; null when it was deleted. */
export async function readReply(ctx: Context, { userId, id }: MessageKey): Promise<MessageRecord | null> {
  const { rows } = await ctx.db.pool.query<MessageRecord>({
    name: "read-reply",
    text: READ,
    values: [userId, id],
  })
  return rows[0] ?? null
}

const READ = `SELECT ${messageSql("m")} FROM messages AS m WHERE m.user_id = $1 AND m.id = $2`

/** The row's text is an entry like the log's. A cursor beyond it, which no server has given out, is void. */
export function* catchUp(cursor: ReplyCursor, row: MessageRecord): Generator<ReplyEvent> {
  const beyond =
    cursor.attempt > row.attempt ||
    (isFinal(row) && cursor.attempt === row.attempt && cursor.characters > row.content.length)
  if (beyond) yield reset(cursor, row.attempt)
  yield* advance(cursor, { attempt: row.attempt, offset: 0, text: row.content })
}

/** Moves `place` over what `entry` has beyond it. An entry that leaves a gap is skipped: the row will fill it. */
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

/** Where to go on in the log: at the same entries where some lie beyond a gap, which the row is to fill first. */
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
 * Gathers notices between looks, so that none is lost while the listener is busy. Begins with a look at the row, and
 * asks for the next `ROW_CHECK_MS` later at most: notices of new text come also while the log loses that text.
 */
export function createWaker(signal: AbortSignal) {
  let pending: Wake | null = "state"
  let lookAt = 0
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
      if (taken === "state") lookAt = performance.now() + ROW_CHECK_MS
      return taken
    },
    /** Until a notice, an abort, or the time to look at the row unasked. */
    async wait() {
      const leftMs = lookAt - performance.now()
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

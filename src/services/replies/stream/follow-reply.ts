import { isFinal, type MessageKey, type MessageRecord } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import type { LiveReply, Wake } from "./live-replies.ts"

export type ReplyEvent =
  | { event: "thought"; id: string; text: string }
  | { event: "delta"; id: string; text: string }
  | { event: "reset"; id: string; attempt: number }
  | { event: "done"; id: string; message: MessageRecord }

/** How much of a reply a listener has: UTF-16 code units of the text of `attempt`, and of its thoughts. */
export interface ReplyCursor {
  attempt: number
  characters: number
  thoughts: number
}

/** Formats `<attempt>-<characters>`, with `-<characters of thoughts>` if there are any. */
export function formatReplyCursor({ attempt, characters, thoughts }: ReplyCursor): string {
  return thoughts === 0 ? `${attempt}-${characters}` : `${attempt}-${characters}-${thoughts}`
}

const idOf = formatReplyCursor

/**
 * Yields the events of a reply after `lastEventId`: first the missed ones, then live ones, until the row is final. The
 * joined deltas since the last reset are the stored text, as are the joined thoughts. The log makes them prompt and the row makes them complete:
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

/** Parses what `formatReplyCursor` formats. Anything else starts from the beginning. */
export function parseReplyCursor(lastEventId: string | undefined): ReplyCursor {
  const [, attempt = 0, characters = 0, thoughts = 0] =
    /^(\d{1,9})-(\d{1,9})(?:-(\d{1,9}))?$/.exec(lastEventId ?? "") ?? []
  return { attempt: Number(attempt), characters: Number(characters), thoughts: Number(thoughts) }
}

/**
 * Advances `cursor` to what is known of the reply. A cursor beyond that is reset, because no server sent it. Text that
 * another process has sent before this one knows of it is waited for.
 */
export function* catchUp(cursor: ReplyCursor, now: LiveReply): Generator<ReplyEvent> {
  const { attempt, text, thoughts, row } = now
  const isWhole = row !== null && isFinal(row)
  const isBeyond = cursor.characters > text.length || cursor.thoughts > thoughts.length
  if (cursor.attempt > attempt || (isWhole && cursor.attempt === attempt && isBeyond))
    yield reset(cursor, attempt)
  if (attempt > cursor.attempt) {
    if (hasBegun(cursor)) yield reset(cursor, attempt)
    Object.assign(cursor, { attempt, characters: 0, thoughts: 0 })
  }
  // What a reply goes on from is there before its first attempt, and comes with that.
  if (attempt === 0 && !isWhole) return
  // Both before anything is sent: what comes meanwhile is behind them, a later thought behind this text, too.
  const [thought, fresh] = [thoughts.from(cursor.thoughts), text.from(cursor.characters)]
  cursor.thoughts += thought.length
  if (thought) yield { event: "thought", id: idOf(cursor), text: thought }
  cursor.characters += fresh.length
  if (fresh) yield { event: "delta", id: idOf(cursor), text: fresh }
}

/** Whether the listener has anything of the reply. */
export function hasBegun({ characters, thoughts }: ReplyCursor): boolean {
  return characters > 0 || thoughts > 0
}

function reset(cursor: ReplyCursor, attempt: number): ReplyEvent {
  Object.assign(cursor, { attempt, characters: 0, thoughts: 0 })
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

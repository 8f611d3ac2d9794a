import { Rope } from "../../../utils/rope.ts"
import { readMessage } from "../../chat/list-messages.ts"
import { isFinal, type MessageKey, type MessageRecord } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import type { LogEntry, LogPosition, Notice, ReplyLog } from "./reply-log.ts"
import type { RowWatch } from "./row-watch.ts"

/** A reply as far as this process knows it. */
export interface LiveReply {
  /** The newest attempt. */
  attempt: number
  /** The text of `attempt` so far, from its beginning. It grows while it is held; another attempt has another. */
  text: Rope
  /** The summaries of its thoughts so far. */
  thoughts: Rope
  /** As it was read last; null when the reply has been deleted. */
  row: MessageRecord | null
}

/** `text`: of the log. `state`: of the row, too. */
export type Wake = "text" | "state"

/**
 * The replies that are listened to in this process. Row and log of each are read once for all of its listeners; after
 * that its text comes with the notices, and the log is read again only where one was missed.
 */
export interface LiveReplies {
  /** @param wake is called after every change */
  follow(reply: MessageKey, wake: () => void): LiveListener
}

export interface LiveListener {
  /**
   * Returns the reply as it is known now. The first call waits for a row that was read after `follow`.
   * @throws the error of the last read, after which the listener gets no more
   */
  read(): Promise<LiveReply>
  leave(): void
}

type Stores = Pick<Context, "db"> & { replyLog: ReplyLog; rowWatch: RowWatch }

export function createLiveReplies(stores: Stores): LiveReplies {
  const followed = new Map<string, Followed>()
  return {
    follow(reply, wake) {
      const shared = followed.get(reply.id) ?? open(stores, reply, () => followed.delete(reply.id))
      followed.set(reply.id, shared)
      return shared.join(wake)
    },
  }
}

interface Followed {
  join(wake: () => void): LiveListener
}

/** @param forget is called once: when nobody follows the reply any more, or after an error */
function open({ db, replyLog, rowWatch }: Stores, reply: MessageKey, forget: () => void): Followed {
  const listeners = new Set<() => void>()
  const text = createText()
  let row: MessageRecord | null = null
  let position: LogPosition = null
  let failure: { error: unknown } | null = null
  /** Whether what the notices bring is all that the log gets: then it needn't be read. */
  let isInStep = false

  const wakeAll = () => {
    for (const wake of listeners) wake()
  }
  const stamp = () => `${text.attempt} ${text.value.length} ${text.thoughts.length} ${row?.status}`
  const refresh = createRefresh(async (what) => {
    const before = stamp()
    if (what === "state") {
      row = await readMessage(db.pool, reply)
      // It has what no notice has brought.
      if (row && text.isBehind(row)) isInStep = false
      if (row) text.takeRow(row)
    }
    if (!isInStep) {
      isInStep = true
      const fresh = await replyLog.read(reply.id, position)
      const isWhole = text.takeEntries(fresh.entries)
      if (isWhole) position = fresh.position
      if (!isWhole || !fresh.isRead) isInStep = false
    }
    if (stamp() !== before) wakeAll()
  })
  const refreshAll = (what: Wake) =>
    refresh(what).catch((error: unknown) => {
      failure = { error }
      close()
      wakeAll()
    })
  const take = (notice: Notice) => {
    if (notice === "state") return void refreshAll("state")
    if (notice === "missed" || notice === "text") {
      isInStep = false
      return void refreshAll(notice === "text" ? "text" : "state")
    }
    const before = stamp()
    if (!text.takeEntries([notice])) {
      isInStep = false
      void refreshAll("text")
    }
    if (stamp() !== before) wakeAll()
  }
  const stops = [
    replyLog.subscribe(reply.id, take),
    rowWatch.watch("reply", reply, () => void refreshAll("state")),
  ]
  const close = () => {
    if (stops.length > 0) forget()
    for (const stop of stops.splice(0)) stop()
  }

  return {
    join(wake) {
      listeners.add(wake)
      const joined = refreshAll("state")
      return {
        async read() {
          await joined
          if (failure) throw failure.error
          return { attempt: text.attempt, text: text.value, thoughts: text.thoughts, row }
        },
        leave() {
          if (listeners.delete(wake) && listeners.size === 0) close()
        },
      }
    },
  }
}

/**
 * Returns a function that runs `read`, one at a time. Callers that ask during a read share the next one, which
 * begins after they asked.
 */
function createRefresh(read: (what: Wake) => Promise<void>): (what: Wake) => Promise<void> {
  let due: Wake = "text"
  let running: Promise<unknown> = Promise.resolve()
  let next: Promise<void> | null = null
  const begin = async () => {
    await running
    const what = due
    due = "text"
    next = null
    const reading = read(what)
    running = reading.catch(() => undefined)
    return reading
  }
  return (what) => {
    if (what === "state") due = what
    next ??= begin()
    return next
  }
}

/** Puts an attempt's text and thoughts together from the row and from the log, whichever is ahead. */
export function createText() {
  let wasFinal = false
  return {
    attempt: 0,
    value: new Rope(),
    thoughts: new Rope(),
    takeRow(row: MessageRecord): void {
      const ended = isFinal(row)
      // The row has the last word on a reply that has ended, and on one that is made once more.
      const counts = ended || wasFinal || row.attempt > this.attempt
      const isSame = row.attempt === this.attempt
      if (counts || (isSame && row.content.length >= this.value.length)) this.value = new Rope(row.content)
      if (counts || (isSame && row.thoughts.length >= this.thoughts.length))
        this.thoughts = new Rope(row.thoughts)
      if (counts) this.attempt = row.attempt
      wasFinal = ended
    },
    /** Whether the row has text that this doesn't, or another attempt's. */
    isBehind({ attempt, content, thoughts }: MessageRecord): boolean {
      return (
        attempt !== this.attempt ||
        content.length > this.value.length ||
        thoughts.length > this.thoughts.length
      )
    },
    /** @returns whether all entries fit: what lies beyond a gap is to be read again, when the row has filled it */
    takeEntries(entries: readonly LogEntry[]): boolean {
      // The row of a reply that has ended has all, and its log may have more.
      if (wasFinal) return false
      for (const { attempt, part, offset, text } of entries) {
        if (attempt > this.attempt) Object.assign(this, { attempt, value: new Rope(), thoughts: new Rope() })
        const known = this[NAMES[part]]
        if (attempt === this.attempt && offset <= known.length)
          known.append(text.slice(known.length - offset))
      }
      return !entries.some(
        ({ attempt, part, offset }) => attempt === this.attempt && offset > this[NAMES[part]].length,
      )
    },
  }
}

const NAMES = { text: "value", thought: "thoughts" } as const

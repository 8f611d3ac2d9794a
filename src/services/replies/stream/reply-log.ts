import { LRUCache } from "lru-cache"
import type { Logger } from "../../../config/logger.ts"
import type { RedisStore } from "../../../config/redis.ts"
import type { Timing } from "../../../config/timing.ts"
import type { Bus } from "../../platform/bus.ts"

/** A piece of a reply's text: `text` begins `offset` UTF-16 units into what `attempt` has written. */
export interface LogEntry {
  attempt: number
  offset: number
  text: string
}

/** `text`: entries were appended. `state`: the reply's row changed, or a notice may have been missed. */
export type Wake = "text" | "state"

/** Where to go on reading; opaque. */
export type LogPosition = string | null

/** What a read has found. */
export interface Fresh {
  entries: LogEntry[]
  position: LogPosition
}

/** `gone`: the log has nothing of the reply any more. `failed`: perhaps it has the entry, perhaps not. */
export type Appended = "kept" | "gone" | "failed"

/**
 * The live text of replies that are being made. It only makes listening prompt: what it loses (it may be flushed,
 * restarted, unreachable) a listener gets from the row, a little later.
 */
export interface ReplyLog {
  /** A new attempt begins: what earlier ones wrote is void. Never throws. */
  begin(replyId: string, attempt: number): void
  /** Appends in the order of the calls; an entry at offset 0 needs no log to be there. Never throws or rejects. */
  append(replyId: string, entry: LogEntry): Promise<Appended>
  /** Tells listeners that the row has changed. A final reply's text is kept for a minute more. */
  announce(replyId: string, change: { final: boolean }): void
  /** What was appended since `after`; nothing where the log can't be read. */
  read(replyId: string, after: LogPosition): Promise<Fresh>
  /** Calls `wake` at every append and announcement, perhaps more often. @returns what ends it */
  subscribe(replyId: string, wake: (what: Wake) => void): () => void
}

/** Far more than one process makes at a time; a listener whose log was dropped gets the text from the row. */
const MAX_LOGS = 2_000

/** The key of a reply's stream and the channel of its notices. The braces keep a cluster's slot. */
const keyOf = (replyId: string) => `reply:{${replyId}}`

function subscribeOn(bus: Bus): ReplyLog["subscribe"] {
  return (replyId, wake) => bus.subscribe(keyOf(replyId), (what) => wake(what === "text" ? "text" : "state"))
}

/** Streams in Redis, written and announced in one round trip. */
export function createRedisReplyLog(
  redis: RedisStore,
  bus: Bus,
  { unfinishedLogMs, finalLogMs }: Timing["replies"],
  log: Logger,
): ReplyLog {
  const bestEffort = (work: Promise<unknown>) => {
    work.catch((err: unknown) => log.debug({ err }, "reply log not written"))
  }
  return {
    begin(replyId, attempt) {
      const key = keyOf(replyId)
      bestEffort(
        redis.call(async (client) => {
          const commands = client.pipeline().del(key)
          commands.xadd(key, "*", "a", attempt, "o", 0, "t", "")
          commands.pexpire(key, unfinishedLogMs)
          await commands.publish(key, "text" satisfies Wake).exec()
        }),
      )
    },
    async append(replyId, { attempt, offset, text }) {
      const key = keyOf(replyId)
      const fields = ["a", attempt, "o", offset, "t", text]
      const work = redis.call(async (client) => {
        const commands = client.pipeline()
        if (offset === 0) commands.xadd(key, "*", ...fields).pexpire(key, unfinishedLogMs)
        // A log without its beginning would be no use, and would stay for ever.
        else commands.xadd(key, "NOMKSTREAM", "*", ...fields)
        const results = await commands.publish(key, "text" satisfies Wake).exec()
        const [error, id] = results?.[0] ?? []
        if (error) throw error
        return id === null ? ("gone" as const) : ("kept" as const)
      })
      bestEffort(work)
      return work.catch(() => "failed" as const)
    },
    announce(replyId, { final }) {
      const key = keyOf(replyId)
      bestEffort(
        redis.call(async (client) => {
          const commands = client.pipeline().publish(key, "state" satisfies Wake)
          if (final) commands.pexpire(key, finalLogMs)
          await commands.exec()
        }),
      )
    },
    async read(replyId, after) {
      try {
        const found = await redis.call((client) =>
          client.xrange(keyOf(replyId), after === null ? "-" : `(${after}`, "+"),
        )
        return { entries: found.map(([, fields]) => toEntry(fields)), position: found.at(-1)?.[0] ?? after }
      } catch {
        return { entries: [], position: after }
      }
    },
    subscribe: subscribeOn(bus),
  }
}

/** The fields are written by `begin` and `append` alone, in their order. */
function toEntry([, attempt, , offset, , text]: string[]): LogEntry {
  return { attempt: Number(attempt), offset: Number(offset), text: text ?? "" }
}

/** The same within one process: the text of the replies that are being made, and of those whose worker went silent. */
export function createMemoryReplyLog(bus: Bus, { unfinishedLogMs }: Timing["replies"]): ReplyLog {
  const logs = new LRUCache<string, LogEntry[]>({ max: MAX_LOGS, ttl: unfinishedLogMs })
  return {
    begin(replyId, attempt) {
      logs.set(replyId, [{ attempt, offset: 0, text: "" }])
      bus.publish(keyOf(replyId), "text" satisfies Wake)
    },
    async append(replyId, entry) {
      logs.get(replyId)?.push(entry)
      bus.publish(keyOf(replyId), "text" satisfies Wake)
      // What was dropped here was too old or one too many: the row has it.
      return "kept"
    },
    announce(replyId, { final }) {
      // Listeners read the end from the row.
      if (final) logs.delete(replyId)
      bus.publish(keyOf(replyId), "state" satisfies Wake)
    },
    async read(replyId, after) {
      const entries = logs.get(replyId) ?? []
      const [attempt, count] = after?.split(" ").map(Number) ?? []
      // A new attempt starts a new list, so a position counts within its own attempt only.
      const start = entries[0] && entries[0].attempt === attempt ? (count ?? 0) : 0
      const position = entries[0] ? `${entries[0].attempt} ${entries.length}` : after
      return { entries: entries.slice(start), position }
    },
    subscribe: subscribeOn(bus),
  }
}

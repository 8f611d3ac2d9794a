import type { Redis } from "ioredis"
import { LRUCache } from "lru-cache"
import type { Logger } from "../../../config/logger.ts"
import type { RedisStore } from "../../../config/redis.ts"
import type { Timing } from "../../../config/timing.ts"
import type { Bus } from "../../platform/bus.ts"

/** What grows while a reply is made: its text, and the summaries of what the model thinks. */
export type ReplyPart = "text" | "thought"

/** A piece of a reply: `text` begins `offset` UTF-16 code units into that part of `attempt`. */
export interface LogEntry {
  attempt: number
  part: ReplyPart
  offset: number
  text: string
}

/** `text`: entries were appended. `state`: the reply's row changed, or a message may have been missed. */
export type Wake = "text" | "state"

/** Where to continue reading; opaque. */
export type LogPosition = string | null

/** The result of a read. */
export interface Fresh {
  entries: LogEntry[]
  position: LogPosition
}

/** `gone`: the reply's log no longer exists. `failed`: it is unknown whether the log has the entry. */
export type Appended = "kept" | "gone" | "failed"

/**
 * The live text of replies in progress. It only makes listening prompt: text that it loses, because Redis was flushed,
 * restarted or unreachable, reaches listeners from the row a little later.
 */
export interface ReplyLog {
  /** Begins an attempt and drops the text of earlier ones. Never throws. */
  begin(replyId: string, attempt: number): void
  /** Appends in the order of the calls. Only an entry at offset 0 creates the log. Never throws or rejects. */
  append(replyId: string, entry: LogEntry): Promise<Appended>
  /** Wakes listeners after a change of the row. A final reply's text is kept for another minute. */
  announce(replyId: string, change: { final: boolean }): void
  /** Drops the text of a reply that was deleted. Never throws or rejects. @returns whether it is gone */
  drop(replyId: string): Promise<boolean>
  /** Returns the entries after `after`; none when the log can't be read. */
  read(replyId: string, after: LogPosition): Promise<Fresh>
  /** Calls `wake` at least once for every append and announcement. @returns a function that unsubscribes */
  subscribe(replyId: string, wake: (what: Wake) => void): () => void
}

/** Far more than one process has in flight. A listener whose log was dropped gets the text from the row. */
const MAX_LOGS = 2_000

/** Names a reply's stream and its channel. The braces put both into one slot of a Redis Cluster. */
const keyOf = (replyId: string) => `reply:{${replyId}}`

function subscribeOn(bus: Bus): ReplyLog["subscribe"] {
  return (replyId, wake) => bus.subscribe(keyOf(replyId), (what) => wake(what === "text" ? "text" : "state"))
}

/** Keeps each log as a Redis stream; an entry is written and published in one round trip. */
export function createRedisReplyLog(
  redis: RedisStore,
  bus: Bus,
  { unfinishedLogMs, finalLogMs }: Timing["replies"],
  log: Logger,
): ReplyLog {
  /** Sends `commands` for the reply's key in one round trip, with a message that wakes its listeners. */
  const send = (replyId: string, wake: Wake, commands: (pipeline: Pipeline, key: string) => void) => {
    const sent = redis.call(async (client) => {
      const key = keyOf(replyId)
      const pipeline = client.pipeline()
      commands(pipeline, key)
      const [first] = (await pipeline[redis.publish](key, wake).exec()) ?? []
      if (first?.[0]) throw first[0]
      return first?.[1]
    })
    sent.catch((err: unknown) => log.debug({ err }, "reply log not written"))
    return sent
  }
  return {
    begin(replyId, attempt) {
      void send(replyId, "text", (pipeline, key) =>
        pipeline.del(key).xadd(key, "*", "a", attempt, "o", 0, "t", "").pexpire(key, unfinishedLogMs),
      )
    },
    async append(replyId, entry) {
      const fields = toFields(entry)
      const sent = send(replyId, "text", (pipeline, key) => {
        if (entry.offset === 0) pipeline.xadd(key, "*", ...fields).pexpire(key, unfinishedLogMs)
        // A log without its beginning would be useless and would never expire.
        else pipeline.xadd(key, "NOMKSTREAM", "*", ...fields)
      })
      return sent.then(
        (id) => (id === null ? "gone" : "kept"),
        () => "failed",
      )
    },
    announce(replyId, { final }) {
      void send(replyId, "state", (pipeline, key) => final && pipeline.pexpire(key, finalLogMs))
    },
    async drop(replyId) {
      const sent = send(replyId, "state", (pipeline, key) => pipeline.del(key))
      return sent.then(
        () => true,
        () => false,
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

type Pipeline = ReturnType<Redis["pipeline"]>

/** Thoughts come behind an empty piece of text, because versions before this one read the first three values alone. */
function toFields({ attempt, part, offset, text }: LogEntry): (string | number)[] {
  const usual = ["a", attempt, "o"]
  return part === "text" ? [...usual, offset, "t", text] : [...usual, 0, "t", "", "p", offset, "s", text]
}

/** `begin` and `append` write the fields in this order. */
function toEntry([, attempt, , offset, , text, , thoughtOffset, , thought]: string[]): LogEntry {
  const entry = { attempt: Number(attempt), offset: Number(offset), text: text ?? "" }
  return thought === undefined
    ? { ...entry, part: "text" }
    : { ...entry, part: "thought", offset: Number(thoughtOffset), text: thought }
}

/** Keeps the logs in this process, for embedded mode. */
export function createMemoryReplyLog(bus: Bus, { unfinishedLogMs }: Timing["replies"]): ReplyLog {
  const logs = new LRUCache<string, LogEntry[]>({ max: MAX_LOGS, ttl: unfinishedLogMs })
  return {
    begin(replyId, attempt) {
      logs.set(replyId, [{ attempt, part: "text", offset: 0, text: "" }])
      bus.publish(keyOf(replyId), "text" satisfies Wake)
    },
    async append(replyId, entry) {
      logs.get(replyId)?.push(entry)
      bus.publish(keyOf(replyId), "text" satisfies Wake)
      // A log that was dropped as too old or one too many is no loss: the row has the text.
      return "kept"
    },
    announce(replyId, { final }) {
      // Listeners read the end from the row.
      if (final) logs.delete(replyId)
      bus.publish(keyOf(replyId), "state" satisfies Wake)
    },
    async drop(replyId) {
      logs.delete(replyId)
      bus.publish(keyOf(replyId), "state" satisfies Wake)
      return true
    },
    async read(replyId, after) {
      const entries = logs.get(replyId) ?? []
      const [attempt, count] = after?.split(" ").map(Number) ?? []
      // Each attempt starts a new list, so a position is valid only within its attempt.
      const start = entries[0] && entries[0].attempt === attempt ? (count ?? 0) : 0
      const position = entries[0] ? `${entries[0].attempt} ${entries.length}` : after
      return { entries: entries.slice(start), position }
    },
    subscribe: subscribeOn(bus),
  }
}

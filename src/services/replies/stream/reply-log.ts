import { Cluster, type Redis } from "ioredis"
import { LRUCache } from "lru-cache"
import type { Logger } from "../../../config/logger.ts"
import type { RedisStore } from "../../../config/redis.ts"
import type { RedisClient } from "../../../config/redis-connection.ts"
import type { Timing } from "../../../config/timing.ts"
import { createMicroBatch } from "../../../utils/micro-batch.ts"
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

/**
 * An entry that was appended. `text`: entries were. `state`: the reply's row changed. `missed`: any of these may have been
 * missed.
 */
export type Notice = LogEntry | "text" | "state" | "missed"

/** Where to continue reading; opaque. */
export type LogPosition = string | null

/** The result of a read. */
export interface Fresh {
  entries: LogEntry[]
  position: LogPosition
  /** Whether the log could be read. */
  isRead: boolean
}

/** `gone`: the reply's log no longer exists. `failed`: it is unknown whether the log has the entry. */
export type Appended = "kept" | "gone" | "failed"

/**
 * The live text of replies in progress. It only makes listening prompt: text that it loses, because Redis was flushed,
 * restarted or unreachable, reaches listeners from the row a little later.
 */
export interface ReplyLog {
  /** Begins an attempt and drops the text of earlier ones, of which listeners are told. Never throws. */
  begin(replyId: string, attempt: number): void
  /** Appends in the order of the calls. Only an entry at offset 0 creates the log. Never throws or rejects. */
  append(replyId: string, entry: LogEntry): Promise<Appended>
  /** Wakes listeners after a change of the row. A final reply's text is kept for another minute. */
  announce(replyId: string, change: { final: boolean }): void
  /** Drops the text of a reply that was deleted. Never throws or rejects. @returns whether it is gone */
  drop(replyId: string): Promise<boolean>
  /** Returns the entries after `after`; none when the log can't be read. */
  read(replyId: string, after: LogPosition): Promise<Fresh>
  /** Passes on every append and announcement, or that some were missed. @returns a function that unsubscribes */
  subscribe(replyId: string, notice: (notice: Notice) => void): () => void
}

/** Far more than one process has in flight. A listener whose log was dropped gets the text from the row. */
const MAX_LOGS = 2_000

/** Names a reply's stream and its channel. The braces put both into one slot of a Redis Cluster. */
const keyOf = (replyId: string) => `reply:{${replyId}}`

function subscribeOn(bus: Bus): ReplyLog["subscribe"] {
  return (replyId, notice) => bus.subscribe(keyOf(replyId), (message) => notice(readNotice(message)))
}

/** Formats `<attempt>.<offset>t:<text>`, or with a `p` for thoughts. */
const formatEntry = ({ attempt, part, offset, text }: LogEntry) =>
  `${attempt}.${offset}${part === "text" ? "t" : "p"}:${text}`

const ENTRY = /^(\d{1,10})\.(\d{1,10})([tp]):/

function readNotice(message: string | null): Notice {
  if (message === null) return "missed"
  const [head, attempt, offset, part] = ENTRY.exec(message) ?? []
  // Versions before this one say no more than that there is text.
  if (head === undefined) return message === "text" ? "text" : "state"
  return {
    attempt: Number(attempt),
    part: part === "t" ? "text" : "thought",
    offset: Number(offset),
    text: message.slice(head.length),
  }
}

/**
 * Keeps each log as a Redis stream. What comes in one turn of the event loop, or while Redis answers, is sent in one
 * pipeline, for all replies; pieces of one part that follow one another are one entry. Listeners get the entry itself.
 */
export function createRedisReplyLog(
  redis: RedisStore,
  bus: Bus,
  { unfinishedLogMs, finalLogMs }: Timing["replies"],
  log: Logger,
): ReplyLog {
  const { publish } = redis
  const writes = createMicroBatch({
    run: (some: Write[]) => sendAll(redis, some, unfinishedLogMs),
    maxSize: MAX_WRITES,
    maxRunning: MAX_RUNNING,
  })
  const send = (write: Write) => {
    const sent = writes.add(write).then((answer) => {
      if (answer instanceof Error) throw answer
      return answer
    })
    sent.catch((err: unknown) => log.debug({ err }, "reply log not written"))
    return sent
  }
  return {
    begin(replyId, attempt) {
      const first = { attempt, publish, unfinishedLogMs }
      void send({ replyId, commands: (pipeline, key) => beginLog(pipeline, key, first) })
    },
    append(replyId, entry) {
      return send({ replyId, entry }).then(
        (id) => (id === null ? "gone" : "kept"),
        () => "failed",
      )
    },
    announce(replyId, { final }) {
      void send({
        replyId,
        commands: (pipeline, key) =>
          (final ? pipeline.pexpire(key, finalLogMs) : pipeline)[publish](key, "state" satisfies Notice),
      })
    },
    async drop(replyId) {
      const commands = (pipeline: Pipeline, key: string) =>
        pipeline.del(key)[publish](key, "state" satisfies Notice)
      return send({ replyId, commands }).then(
        () => true,
        () => false,
      )
    },
    async read(replyId, after) {
      try {
        const found = await redis.call((client) =>
          client.xrange(keyOf(replyId), after === null ? "-" : `(${after}`, "+"),
        )
        return {
          entries: found.map(([, fields]) => toEntry(fields)),
          position: found.at(-1)?.[0] ?? after,
          isRead: true,
        }
      } catch {
        return { entries: [], position: after, isRead: false }
      }
    },
    subscribe: subscribeOn(bus),
  }
}

type Pipeline = ReturnType<Redis["pipeline"]>

/** What is sent for a reply: an entry, or commands of which the first one's answer counts. */
type Write = { replyId: string } & (
  | { entry: LogEntry }
  | { commands: (pipeline: Pipeline, key: string) => unknown }
)

/** How entries are written. */
interface Writing extends Pick<RedisStore, "publish"> {
  unfinishedLogMs: number
}

/** More in one pipeline would delay the other commands to Redis. */
const MAX_WRITES = 256

/** While Redis answers the first, what comes goes with the second. */
const MAX_RUNNING = 2

/** A first attempt has nothing to tell before its first piece: listeners know of no other. */
function beginLog(
  pipeline: Pipeline,
  key: string,
  { attempt, publish, unfinishedLogMs }: { attempt: number } & Writing,
): void {
  pipeline.del(key)
  if (attempt === 1) return
  const first: LogEntry = { attempt, part: "text", offset: 0, text: "" }
  pipeline
    .xadd(key, "*", ...toFields(first))
    .pexpire(key, unfinishedLogMs)
    [publish](key, formatEntry(first))
}

/** @returns the answer to each write, in their order */
async function sendAll(redis: RedisStore, writes: Write[], unfinishedLogMs: number): Promise<unknown[]> {
  return redis.call(async (client) => {
    const joined = joinEntries(writes)
    // In a cluster, replies are on several nodes.
    const groups =
      client instanceof Cluster ? [...Map.groupBy(joined, ({ write }) => write.replyId).values()] : [joined]
    const answers = new Array<unknown>(writes.length)
    const writing = { answers, publish: redis.publish, unfinishedLogMs }
    await Promise.all(groups.map((group) => sendGroup(client, group, writing)))
    return answers
  })
}

/** A write, and the places of those that it stands for. */
interface Joined {
  write: Write
  places: number[]
}

/** Makes one entry of pieces of one part that follow one another. */
function joinEntries(writes: readonly Write[]): Joined[] {
  const joined: Joined[] = []
  const last = new Map<string, Joined>()
  for (const [place, write] of writes.entries()) {
    const before = last.get(write.replyId)
    if (before && "entry" in before.write && "entry" in write && isNext(before.write.entry, write.entry)) {
      const { entry } = before.write
      before.write = { ...before.write, entry: { ...entry, text: entry.text + write.entry.text } }
      before.places.push(place)
      continue
    }
    const next = { write, places: [place] }
    joined.push(next)
    last.set(write.replyId, next)
  }
  return joined
}

function isNext(before: LogEntry, entry: LogEntry): boolean {
  const isSame = before.attempt === entry.attempt && before.part === entry.part
  return isSame && before.offset + before.text.length === entry.offset
}

async function sendGroup(
  client: RedisClient,
  group: readonly Joined[],
  { answers, ...writing }: { answers: unknown[] } & Writing,
): Promise<void> {
  const pipeline = client.pipeline() as Pipeline
  const firsts = group.map(({ write }) => {
    const first = pipeline.length
    const key = keyOf(write.replyId)
    if ("commands" in write) write.commands(pipeline, key)
    else append(pipeline, key, { entry: write.entry, ...writing })
    return first
  })
  const results = (await pipeline.exec()) ?? []
  for (const [n, { places }] of group.entries()) {
    const [error, answer] = results[firsts[n] as number] ?? [new Error("no answer"), null]
    for (const place of places) answers[place] = error ?? answer
  }
}

function append(
  pipeline: Pipeline,
  key: string,
  { entry, publish, unfinishedLogMs }: { entry: LogEntry } & Writing,
): void {
  const fields = toFields(entry)
  if (entry.offset === 0) pipeline.xadd(key, "*", ...fields).pexpire(key, unfinishedLogMs)
  // A log without its beginning would be useless and would never expire.
  else pipeline.xadd(key, "NOMKSTREAM", "*", ...fields)
  pipeline[publish](key, formatEntry(entry))
}

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
      const first: LogEntry = { attempt, part: "text", offset: 0, text: "" }
      logs.set(replyId, [first])
      bus.publish(keyOf(replyId), formatEntry(first))
    },
    async append(replyId, entry) {
      logs.get(replyId)?.push(entry)
      bus.publish(keyOf(replyId), formatEntry(entry))
      // A log that was dropped as too old or one too many is no loss: the row has the text.
      return "kept"
    },
    announce(replyId, { final }) {
      // Listeners read the end from the row.
      if (final) logs.delete(replyId)
      bus.publish(keyOf(replyId), "state" satisfies Notice)
    },
    async drop(replyId) {
      logs.delete(replyId)
      bus.publish(keyOf(replyId), "state" satisfies Notice)
      return true
    },
    async read(replyId, after) {
      const entries = logs.get(replyId) ?? []
      const [attempt, count] = after?.split(" ").map(Number) ?? []
      // Each attempt starts a new list, so a position is valid only within its attempt.
      const start = entries[0] && entries[0].attempt === attempt ? (count ?? 0) : 0
      const position = entries[0] ? `${entries[0].attempt} ${entries.length}` : after
      return { entries: entries.slice(start), position, isRead: true }
    },
    subscribe: subscribeOn(bus),
  }
}

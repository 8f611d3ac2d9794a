import type { Tap } from "./store-proxy.ts"

/** What processes have sent to a store, by the name of a statement or a command. */
export type Sent = Map<string, number>

/** Counts what passes over all connections to one store. */
export interface WireCounts {
  sent: Sent
  /** How often a client waited, by all that it sent before an answer: `BEGIN lock-room COMMIT`. */
  trips: Sent
  openTap(): Tap
}

/** Counts the commands that are sent to Redis, those of a pipeline each. What a script calls isn't sent. */
export function countRedis(): WireCounts {
  const counts: WireCounts = {
    sent: new Map(),
    trips: new Map(),
    openTap() {
      let trip: string[] = []
      const take = readCommands((name) => {
        add(counts.sent, name)
        trip.push(name)
      })
      return {
        sent: take,
        answered() {
          if (trip.length > 0) add(counts.trips, trip.join(" "))
          trip = []
        },
      }
    },
  }
  return counts
}

/** Counts the statements that are sent to PostgreSQL: prepared ones by name, others by their first word. */
export function countPostgres(): WireCounts {
  const counts: WireCounts = {
    sent: new Map(),
    trips: new Map(),
    openTap() {
      let unanswered = 0
      let trip: string[] = []
      const front = readMessages({ hasStart: true }, (type, body) => {
        if (type === "B" || type === "Q") {
          const name = type === "B" ? statementOf(body) : firstWord(body)
          add(counts.sent, name)
          trip.push(name)
        }
        if (type === "S" || type === "Q") unanswered++
      })
      const back = readMessages({ hasStart: false }, (type) => {
        if (type !== "Z" || --unanswered > 0) return
        if (trip.length > 0) add(counts.trips, trip.join(" "))
        trip = []
        unanswered = 0
      })
      return { sent: front, answered: back }
    },
  }
  return counts
}

function add(sent: Sent, name: string): void {
  sent.set(name, (sent.get(name) ?? 0) + 1)
}

const firstWord = (query: Buffer) =>
  query
    .toString("utf8", 0, 40)
    .trim()
    .split(/[\s;\0]/)[0] ?? ""

/** `Bind`: the portal's name and then the statement's, each ended by NUL. */
function statementOf(body: Buffer): string {
  const start = body.indexOf(0) + 1
  return body.toString("utf8", start, body.indexOf(0, start)) || "unnamed"
}

/**
 * Reads messages as in https://www.postgresql.org/docs/current/protocol-message-formats.html: a type, and a length that
 * counts itself. A client's first one has no type.
 */
function readMessages({ hasStart }: { hasStart: boolean }, take: (type: string, body: Buffer) => void) {
  let rest: Buffer = Buffer.alloc(0)
  let typed = hasStart ? 0 : 1
  return (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= typed + 4) {
      const end = typed + rest.readInt32BE(typed)
      if (rest.length < end) return
      if (typed === 1) take(String.fromCharCode(rest[0] as number), rest.subarray(5, end))
      rest = rest.subarray(end)
      typed = 1
    }
  }
}

const NEWLINE = Buffer.from("\r\n")

/** Reads commands as in https://redis.io/docs/latest/develop/reference/protocol-spec/: arrays of bulk strings. */
function readCommands(take: (name: string) => void) {
  let rest: Buffer = Buffer.alloc(0)
  let words: string[] = []
  let missing = 0
  return (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (;;) {
      const end = rest.indexOf(NEWLINE)
      if (end < 0) return
      const length = Number(rest.toString("latin1", 1, end))
      if (rest[0] === ARRAY) {
        missing = length
        words = []
        rest = rest.subarray(end + 2)
        continue
      }
      if (rest.length < end + 2 + length + 2) return
      if (words.length === 0) words.push(rest.toString("latin1", end + 2, end + 2 + length).toLowerCase())
      rest = rest.subarray(end + 2 + length + 2)
      if (--missing === 0) take(words[0] as string)
    }
  }
}

const ARRAY = "*".charCodeAt(0)

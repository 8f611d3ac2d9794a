import { pause } from "../src/utils/time.ts"
import type { ServerEvent } from "../tests/helpers/http.ts"
import type { Client, User } from "./client.ts"
import type { Random } from "./random.ts"

/** What came out of a reply's stream for one listener, over all its connections. */
export interface Heard {
  /** Deltas joined, emptied at every reset. */
  text: string
  /** The final message, as often as it came. */
  dones: { id: string; chatroomId: string; status: string }[]
  deltas: number
  resets: number
  connections: number
  /** Why the last connection broke, where one did. */
  trouble: string
}

/** A listener hangs up by itself now and then, to come back with the id of the last event it got. */
const HANGS_UP = 0.25
const RETRY_MS = 50

/** Follows a reply's stream until its end, resuming after every break. Gives up when `signal` aborts. */
export async function listen(
  client: Client,
  user: User,
  path: string,
  { random, signal, heard = silence() }: { random: Random; signal: AbortSignal; heard?: Heard },
): Promise<Heard> {
  let lastEventId: string | undefined
  while (heard.dones.length === 0 && !signal.aborted) {
    heard.connections += 1
    const patience = random.chance(HANGS_UP) ? random.int(1, 8) : Number.POSITIVE_INFINITY
    lastEventId = await connect(client, user, path, { lastEventId, patience, signal, heard })
    if (heard.dones.length === 0) await pause(RETRY_MS, signal)
  }
  return heard
}

export function silence(): Heard {
  return { text: "", dones: [], deltas: 0, resets: 0, connections: 0, trouble: "" }
}

interface Connection {
  lastEventId: string | undefined
  /** Events after which the listener hangs up. */
  patience: number
  signal: AbortSignal
  heard: Heard
}

/** One connection, to its end. @returns the id of the last event */
async function connect(
  client: Client,
  user: User,
  path: string,
  { lastEventId, patience, signal, heard }: Connection,
) {
  const hangUp = new AbortController()
  let last = lastEventId
  let events = 0
  try {
    const stream = client.any().events(path, {
      token: await user.token(),
      headers: last === undefined ? {} : { "Last-Event-ID": last },
      signal: AbortSignal.any([signal, hangUp.signal]),
    })
    for await (const event of stream) {
      hear(heard, event)
      last = event.id ?? last
      if (++events >= patience && event.event !== "done") break
    }
  } catch (error) {
    heard.trouble = String(error)
  } finally {
    hangUp.abort()
  }
  return last
}

function hear(heard: Heard, { event, data }: ServerEvent): void {
  if (event === "done") heard.dones.push(data)
  if (event === "reset") heard.resets += 1
  if (event === "reset") heard.text = ""
  if (event === "delta") heard.deltas += 1
  if (event === "delta") heard.text += data.text
}

import { pause } from "../../src/utils/time.ts"
import type { Client, User } from "./client.ts"
import { type ServerEvent, StreamRefused } from "./http.ts"
import type { Random } from "./random.ts"

/** What came out of a reply's stream for one listener, over all its connections. */
export interface Heard {
  /** Deltas joined, emptied at every reset. */
  text: string
  /** The final message, as often as it came. */
  dones: {
    id: string
    chatroomId: string
    status: string
    content: string
    finishReason: string | null
  }[]
  resets: number
  connections: number
  /** Connections that it hung up itself. */
  cuts: number
  /** Connections that were answered with something else than a stream, by status. */
  refusals: number[]
  /** Why the last connection broke, where one did. */
  trouble: string
  /** When it was told the end, in ms since 1970; null before. */
  endedAt: number | null
}

/** A listener hangs up by itself now and then, to come back with the id of the last event it got. */
const HANGS_UP = 0.25

/** What a listener does that has a mind of its own. */
export interface Manner {
  /** How probable it is that it hangs up before a connection's end; a quarter by default. */
  hangsUp?: number
  /** It reads the first event and no more until this resolves. */
  rests?: Promise<unknown>
}

const RETRY_MS = 50

/**
 * Follows a reply's stream until its end, resuming after every break. Gives up when `signal` aborts, and when the reply
 * isn't found although `mayBeGone` says that it may be.
 */
export async function listen(
  client: Client,
  user: User,
  path: string,
  options: { random: Random; signal: AbortSignal; heard?: Heard; manner?: Manner; mayBeGone?: () => boolean },
): Promise<Heard> {
  const { random, signal, heard = silence(), manner = {}, mayBeGone = () => false } = options
  let last: string | undefined
  while (heard.dones.length === 0 && !signal.aborted) {
    heard.connections += 1
    const hangUp = new AbortController()
    /** Events after which the listener hangs up. */
    const patience = random.chance(manner.hangsUp ?? HANGS_UP) ? random.int(1, 8) : Number.POSITIVE_INFINITY
    // Half of those who hang up do it in the middle of whatever is on its way.
    const isAbrupt = patience < 8 && random.chance(0.5)
    const timer = isAbrupt ? setTimeout(() => hangUp.abort(), random.int(0, 400)) : undefined
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
        await manner.rests
      }
    } catch (error) {
      heard.trouble = String(error)
      if (error instanceof StreamRefused) heard.refusals.push(error.status)
      if (heard.refusals.at(-1) === 404 && mayBeGone()) break
    } finally {
      if (hangUp.signal.aborted || events >= patience) heard.cuts += 1
      clearTimeout(timer)
      hangUp.abort()
    }
    if (heard.dones.length === 0) await pause(RETRY_MS, signal)
  }
  return heard
}

export function silence(): Heard {
  return { text: "", dones: [], resets: 0, connections: 0, cuts: 0, refusals: [], trouble: "", endedAt: null }
}

function hear(heard: Heard, { event, data }: ServerEvent): void {
  if (event === "done") heard.dones.push(data)
  if (event === "done") heard.endedAt = Date.now()
  if (event === "reset") heard.resets += 1
  if (event === "reset") heard.text = ""
  if (event === "delta") heard.text += data.text
}

import { Agent, type IncomingMessage, request } from "node:http"
import { insertChain } from "../../lib/chain.ts"
import { type Ratio, type Round, toRatio } from "../helpers/ratio.ts"
import { type Site, startApi } from "../helpers/site.ts"
import type { User } from "../helpers/users.ts"

/** A long room's times are at most this much of a short one's. */
export const LONG_ROOM_GOAL = 1.2

const LONG = 10_000
const SHORT = 200

/** As people and models write; 200 of them about fill the usual `GEMINI_CONTEXT_TOKENS`. */
const PROMPT = "What should I cook for six friends on Friday, two of whom don't eat meat? ".repeat(2).trim()
const REPLY = "A vegetable lasagne keeps warm for an hour, and what is left tastes better the day after. "
  .repeat(9)
  .trim()

export interface LongRoomPace {
  rounds: number
  /** Reads of a kind, and turns of the conversation, in each room and round. */
  reads: number
  turns: number
}

/** What is done in a room, by the name of it. */
type Times = Record<"open" | "newest" | "oldest" | "send" | "first" | "whole", Round[]>

/** `GET` of the room, of its pages, a prompt and its reply in a room of 10,000 messages beside one of 200. */
export async function measureLongRoom(
  site: Site,
  user: User,
  { rounds, reads, turns }: LongRoomPace,
): Promise<Record<keyof Times, Ratio>> {
  await using stack = new AsyncDisposableStack()
  const agent = new Agent({ keepAlive: true })
  stack.defer(() => agent.destroy())
  const [long, short] = [await fillRoom(site, user, LONG), await fillRoom(site, user, SHORT)]
  // As autovacuum would soon: no statistics know these rooms.
  await site.pool.query("ANALYZE chatrooms, messages")
  // One process that does all, because without Redis a stream is live in the process that makes the reply.
  const { api, url } = await startApi(site.machine, site.env, "all")
  stack.defer(() => api.stop())
  const client = { url, user, agent }
  const pair = [await openRoom(client, long), await openRoom(client, short)] as const
  const times: Times = { open: [], newest: [], oldest: [], send: [], first: [], whole: [] }
  // The first round warms up: what statements are planned as, and where the windows begin.
  for (let n = 0; n <= rounds; n++) {
    const round = await measureRound(client, pair, { reads, turns })
    if (n > 0) for (const name of NAMES) times[name].push(round[name])
  }
  return mapNames((name) => toRatio(times[name]))
}

const NAMES = ["open", "newest", "oldest", "send", "first", "whole"] as const
const mapNames = <T>(make: (name: keyof Times) => T) =>
  Object.fromEntries(NAMES.map((name) => [name, make(name)])) as Record<keyof Times, T>

interface Client {
  url: string
  user: User
  agent: Agent
}

interface Room {
  id: string
  /** Where its list of messages has its last page. */
  lastPage: string
}

function fillRoom({ pool }: Site, { id: userId }: User, messages: number): Promise<string> {
  return insertChain(pool, { userId, messages, prompt: PROMPT, reply: REPLY })
}

/** Walks through the pages, as a client that wants the last one has to. */
async function openRoom(client: Client, id: string): Promise<Room> {
  let lastPage = `/chatroom/${id}/message?limit=50`
  for (let path: string | undefined = lastPage; path; ) {
    lastPage = path
    const { link } = await get(client, path)
    const next: string | undefined = /<([^>]+)>; rel="next"/.exec(link ?? "")?.[1]
    path = next && new URL(next, client.url).pathname + new URL(next, client.url).search
  }
  return { id, lastPage }
}

/** The two rooms take turns, request by request: what else the machine does falls on both. */
async function measureRound(
  client: Client,
  pair: readonly [Room, Room],
  { reads, turns }: { reads: number; turns: number },
): Promise<Record<keyof Times, Round>> {
  const round = mapNames<Round>(() => ({ ours: [], floor: [] }))
  const add = (name: keyof Times, isOurs: boolean, ms: number) =>
    round[name][isOurs ? "ours" : "floor"].push(ms)
  for (const isOurs of turnsOf(reads)) {
    const { id, lastPage } = pair[isOurs ? 0 : 1]
    add("open", isOurs, (await get(client, `/chatroom/${id}`)).ms)
    add("newest", isOurs, (await get(client, `/chatroom/${id}/message?limit=50`)).ms)
    add("oldest", isOurs, (await get(client, lastPage)).ms)
  }
  for (const isOurs of turnsOf(turns)) {
    const { sendMs, firstMs, wholeMs } = await takeTurn(client, pair[isOurs ? 0 : 1].id)
    add("send", isOurs, sendMs)
    add("first", isOurs, firstMs)
    add("whole", isOurs, wholeMs)
  }
  return round
}

/** `count` turns for each, whose order alternates, for what the first leaves behind. */
function turnsOf(count: number): boolean[] {
  return Array.from({ length: count }, (_, n) => (n % 2 === 0 ? [true, false] : [false, true])).flat()
}

async function get(client: Client, path: string): Promise<{ ms: number; link: string | undefined }> {
  const startedAt = performance.now()
  const response = await ask(client, "GET", path)
  await response.resume().toArray()
  return { ms: performance.now() - startedAt, link: response.headers.link as string | undefined }
}

/** Sends a prompt and follows its reply to the end. All times count from the request on. */
async function takeTurn(client: Client, id: string) {
  const startedAt = performance.now()
  const sinceStart = () => performance.now() - startedAt
  const path = `/chatroom/${id}/message`
  const accepted = await ask(client, "POST", path, JSON.stringify({ message: PROMPT }))
  const { reply } = JSON.parse(await textOf(accepted)) as { reply: { id: string } }
  const sendMs = sinceStart()
  let firstMs: number | null = null
  let text = ""
  for await (const chunk of await ask(client, "GET", `${path}/${reply.id}/stream`)) {
    text += chunk
    if (text.includes("event: delta")) firstMs ??= sinceStart()
  }
  if (firstMs === null || !text.includes('"status":"completed"')) throw new Error("A reply wasn't completed.")
  return { sendMs, firstMs, wholeMs: sinceStart() }
}

/** @throws for an answer that isn't 2xx */
function ask({ url, user, agent }: Client, method: string, path: string, body?: string) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const headers = {
      Authorization: `Bearer ${user.token}`,
      ...(body === undefined
        ? {}
        : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) }),
    }
    const sent = request(url + path, { method, headers, agent }, (response) => {
      const { statusCode = 0 } = response
      if (statusCode >= 200 && statusCode < 300) resolve(response)
      else reject(new Error(`${method} ${path} was answered with ${statusCode}.`))
    })
    sent.once("error", reject)
    sent.end(body)
  })
}

async function textOf(response: IncomingMessage): Promise<string> {
  return Buffer.concat(await response.toArray()).toString()
}

import { once } from "node:events"
import { type ClientRequest, get } from "node:http"
import { TIMING } from "../../../src/config/timing.ts"
import { pause, SECOND } from "../../../src/utils/time.ts"
import { type Api, type Site, startApi } from "../helpers/site.ts"
import { createRooms, post, type User } from "../helpers/users.ts"

/**
 * Opened first, not counted and kept open: what the first streams load is there once, and the young generation of
 * V8's heap, which any traffic fills, has grown to its bound. Without them that is what is measured.
 */
const WARM_UP = 1_000
const COUNTED = 2_000

/** As many as a browser's tabs that come back together. */
const AT_ONCE = 50

/** A chunk and then nothing, for as long as the provider's silence is put up with. */
const ROW_CHECK_MS = TIMING.replies.rowCheckMs

const STALLING = "[[gemini:stall after=1]]"

/** Memory per open stream, in bytes, of a server that does nothing else. */
export interface StreamMemory {
  /** Of a reply that stands still. */
  replyBytes: number
  /** Of a room in which a reply stands still. */
  roomBytes: number
}

export async function measureStreams(site: Site, user: User): Promise<StreamMemory> {
  return {
    replyBytes: await measure(site, user, (room, reply) => `/chatroom/${room}/message/${reply}/stream`),
    roomBytes: await measure(site, user, (room) => `/chatroom/${room}/events`),
  }
}

export interface IdleStreams {
  transactionsPerSecond: number
  /** Of one core, by the process that holds the streams. */
  cpuShare: number
}

/** What streams cost in which nothing happens, each of a room of its own, in an API process of its own. */
export async function measureIdleStreams(
  site: Site,
  user: User,
  { streams, ms }: { streams: number; ms: number },
): Promise<IdleStreams> {
  await using stack = new AsyncDisposableStack()
  const { api, url } = await startApi(site.machine, site.env, "api")
  stack.defer(() => api.stop())
  const [rooms = []] = await createRooms(site.pool, [user], streams)
  const headers = { Authorization: `Bearer ${user.token}` }
  const addresses = rooms.map((room) => `${url}/chatroom/${room}/events`)
  stack.defer(await openStreams(addresses, headers))
  // The first look at each row is behind them.
  await pause(2 * ROW_CHECK_MS)
  const [before, used] = [await transactions(site), await api.usage()]
  const startedAt = performance.now()
  await pause(ms)
  const [after, usage] = [await transactions(site), await api.usage()]
  const seconds = (performance.now() - startedAt) / SECOND
  const transactionsPerSecond = (after - before) / seconds
  return { transactionsPerSecond, cpuShare: (usage.cpuMs - used.cpuMs) / SECOND / seconds }
}

/** Counted by PostgreSQL, with a delay of up to a second. */
async function transactions({ pool }: Site): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    "SELECT (xact_commit + xact_rollback)::int AS n FROM pg_stat_database WHERE datname = current_database()",
  )
  return rows[0]?.n ?? 0
}

async function measure(site: Site, user: User, pathOf: (room: string, reply: string) => string) {
  await using stack = new AsyncDisposableStack()
  const { api, url } = await startApi(site.machine, site.env, "all", ["--expose-gc"])
  stack.defer(() => api.stop())
  const [[room = ""] = []] = await createRooms(site.pool, [user], 1)
  const headers = { Authorization: `Bearer ${user.token}` }
  const path = `${url}/chatroom/${room}/message`
  const { reply } = await post<{ reply: { id: string } }>(path, { message: STALLING }, headers)
  const address = `${url}${pathOf(room, reply.id)}`
  stack.defer(await openStreams(Array(WARM_UP).fill(address), headers))
  const before = await residentBytes(api)
  stack.defer(await openStreams(Array(COUNTED).fill(address), headers))
  return ((await residentBytes(api)) - before) / COUNTED
}

/** After its garbage is collected, which `usage` does: twice, since the first frees what the second finds dead. */
async function residentBytes(api: Api["api"]): Promise<number> {
  await api.usage()
  return (await api.usage()).rssBytes
}

/** Opens streams and waits for the first event of each. @returns what closes them */
async function openStreams(urls: string[], headers: Record<string, string>): Promise<() => void> {
  const requests: ClientRequest[] = []
  for (let opened = 0; opened < urls.length; opened += AT_ONCE) {
    const some = urls.slice(opened, opened + AT_ONCE)
    requests.push(...(await Promise.all(some.map((url) => openStream(url, headers)))))
  }
  return () => {
    for (const request of requests) request.destroy()
  }
}

async function openStream(url: string, headers: Record<string, string>): Promise<ClientRequest> {
  const request = get(url, { headers, agent: false })
  const [response] = await once(request, "response")
  if (response.statusCode !== 200) throw new Error(`A stream was refused: ${response.statusCode}`)
  await once(response, "data")
  response.on("error", () => undefined)
  request.on("error", () => undefined)
  return request
}

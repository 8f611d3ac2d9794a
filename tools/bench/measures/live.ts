import { once } from "node:events"
import { type IncomingMessage, request } from "node:http"
import { startMeasured } from "../helpers/child.ts"
import { type Site, startApi, startFloor } from "../helpers/site.ts"
import { createRooms, type User } from "../helpers/users.ts"

/** From the model's write to a listener, with 100 streams. */
export const LIVE_GOAL_MS = { p50: 2, p99: 15 }

/** Through one worker and one API. */
export const DELTAS_GOAL = 20_000

export interface Live {
  p50Ms: number
  p99Ms: number
  /** Pieces that reached listeners, a second. */
  perSecond: number
  offeredPerSecond: number
}

export interface LivePace {
  chunks: number
  /** How often a chunk of each reply comes. */
  everyMs: number
}

const STREAMS = 100

/**
 * Listens to as many replies at once, each of whose chunks says when the model sent it. Worker and API are processes of
 * their own. What the listeners read is looked at afterwards. The rate counts every piece; how long one takes is that of
 * those that were sent once all replies had begun, since until then the prompts are what keeps the processes busy.
 */
export async function measureLive(site: Site, users: User[], { chunks, everyMs }: LivePace): Promise<Live> {
  await using stack = new AsyncDisposableStack()
  const model = await startFloor(site, "timed-model", { CHUNKS: String(chunks), EVERY_MS: String(everyMs) })
  stack.defer(() => model.process.stop())
  const env = { ...site.env, GEMINI_BASE_URL: `http://127.0.0.1:${model.port}`, GEMINI_TITLES: "false" }
  const { api, url } = await startApi(site.machine, env, "api")
  stack.defer(() => api.stop())
  const options = { cwd: site.machine.folder, env }
  const worker = await startMeasured("src/worker.ts", options, { answers: `${url}/health/ready` })
  stack.defer(() => worker.stop())
  await listenToAll(site, users, url) // warms both up
  const arrivals = await listenToAll(site, users, url)
  const pieces = arrivals.flatMap(({ stream, at, text }) =>
    [...text.matchAll(/(\d+\.\d+);/g)].map(([, sentAt]) => ({ stream, at, sentAt: Number(sentAt) })),
  )
  // They are in the order of their arrival, so the first of each stream is met first.
  const begunAt = new Map<number, number>()
  for (const { stream, sentAt } of pieces) if (!begunAt.has(stream)) begunAt.set(stream, sentAt)
  const allBegunAt = Math.max(...begunAt.values())
  const times = pieces.flatMap(({ at, sentAt }) => (sentAt > allBegunAt ? [at - sentAt] : []))
  times.sort((a, b) => a - b)
  const seconds = ((arrivals.at(-1)?.at ?? 0) - (arrivals[0]?.at ?? 0)) / 1000
  const rank = (part: number) => times[Math.floor(part * (times.length - 1))] ?? Number.NaN
  return {
    p50Ms: rank(0.5),
    p99Ms: rank(0.99),
    perSecond: pieces.length / seconds,
    offeredPerSecond: (STREAMS * 1000) / everyMs,
  }
}

interface Arrival {
  /** Which of the streams, from 0 on. */
  stream: number
  at: number
  text: string
}

async function listenToAll(site: Site, users: User[], url: string): Promise<Arrival[]> {
  const rooms = (await createRooms(site.pool, users, Math.ceil(STREAMS / users.length))).map((own) =>
    own.slice(),
  )
  const arrivals: Arrival[] = []
  await Promise.all(
    Array.from({ length: STREAMS }, (_, n) => {
      const user = users[n % users.length] as User
      const room = rooms[n % users.length]?.pop() as string
      return listen(`${url}/chatroom/${room}/message`, user, (at, text) =>
        arrivals.push({ stream: n, at, text }),
      )
    }),
  )
  return arrivals.sort((a, b) => a.at - b.at)
}

/** Until the stream ends. */
async function listen(
  url: string,
  { token }: User,
  arrived: (at: number, text: string) => void,
): Promise<void> {
  const headers = {
    Authorization: `Bearer ${token}`,
    Accept: "text/event-stream",
    "Content-Type": "application/json",
  }
  const sent = request(url, { method: "POST", headers, agent: false })
  sent.end(JSON.stringify({ message: "What time is it?" }))
  const [response] = (await once(sent, "response")) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`A stream was refused: ${response.statusCode}`)
  response.setEncoding("latin1")
  response.on("data", (chunk: string) => {
    // The whole text comes once more with the end.
    if (!chunk.includes("event: done")) arrived(performance.timeOrigin + performance.now(), chunk)
  })
  await once(response, "end")
}

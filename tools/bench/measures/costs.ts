import { Agent, request } from "node:http"
import { cpus } from "node:os"
import { pause, SECOND } from "../../../src/utils/time.ts"
import { type Costs, mapCosts, PARTS, readCosts, sumOf } from "../helpers/processor-time.ts"
import { type Site, startWorker } from "../helpers/site.ts"
import { createRooms, type User } from "../helpers/users.ts"

export interface CostsPace {
  /** Of each kind of request. */
  requests: number
}

export interface ModelOfCosts {
  /** Processor time of one of each. */
  list: Costs
  room: Costs
  /** A prompt and its reply of a single piece, followed to its end. */
  prompt: Costs
  /** Each further piece of a reply, to one listener. */
  piece: Costs
  /** Of a second in which nothing is asked for. */
  idle: Costs
  /** Of a turn, which is a list, a room and a reply of `PIECES`: by the costs above, and as it was. */
  predicted: Costs
  turn: Costs
  /** How many there were a second, and how busy the processors were with them: from 0 to 1. */
  perSecond: number
  busy: number
}

/** A reply of some 700 words, as Gemini cuts it. */
const PIECES = 40

const AT_ONCE = 40

/** What requests cost in each part of the system, and what a machine of that many processors would do with it. */
export async function measureCosts(
  site: Site,
  users: User[],
  { requests }: CostsPace,
): Promise<ModelOfCosts> {
  await using stack = new AsyncDisposableStack()
  const worker = await startWorker(site)
  stack.defer(() => worker.stop())
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  stack.defer(() => agent.destroy())
  const rooms = await createRooms(site.pool, users, 20)
  const visit = async (n: number, { list = false, room = false, pieces = 0 }: Visit) => {
    const [user, of] = [users[n % users.length] as User, rooms[n % users.length] as string[]]
    const id = of[Math.floor(n / users.length) % of.length]
    const ask = (method: string, path: string, body?: object) =>
      exchange(site.url + path, { method, agent, user, body })
    if (list) await ask("GET", "/chatroom")
    if (room) await ask("GET", `/chatroom/${id}`)
    const message = `[[gemini: chunks=${pieces} words=${5 * pieces} delay=0]] What is a queue?`
    if (pieces > 0) await ask("POST", `/chatroom/${id}/message`, { message })
  }
  /** Costs of a visit, less what would have been used anyway. */
  const measure = async (count: number, what: Visit, idle: Costs | null) => {
    const before = await readCosts(site, worker)
    const startedAt = performance.now()
    await inParallel(count, (n) => visit(n, what))
    const seconds = (performance.now() - startedAt) / SECOND
    const after = await readCosts(site, worker)
    const each = mapCosts((part) => (after[part] - before[part] - seconds * (idle?.[part] ?? 0)) / count)
    return { each, perSecond: count / seconds }
  }
  const all: Visit = { list: true, room: true, pieces: PIECES }
  await measure(requests, all, null) // warms up
  const idle = await measureIdle(site, worker)
  const list = (await measure(10 * requests, { list: true }, idle)).each
  const room = (await measure(4 * requests, { room: true }, idle)).each
  const prompt = (await measure(requests, { pieces: 1 }, idle)).each
  const long = (await measure(requests, { pieces: LONG }, idle)).each
  const piece = mapCosts((part) => Math.max(0, long[part] - prompt[part]) / (LONG - 1))
  const predicted = mapCosts((part) => list[part] + room[part] + prompt[part] + (PIECES - 1) * piece[part])
  const { each: turn, perSecond } = await measure(2 * requests, all, idle)
  const busy = (sumOf(turn) * perSecond + sumOf(idle)) / (cpus().length * SECOND)
  return { list, room, prompt, piece, idle, predicted, turn, perSecond, busy }
}

const NAMES = {
  list: "a list",
  room: "a room",
  prompt: "a prompt and its reply",
  piece: "each further piece of it",
  idle: "an idle second",
  predicted: `a turn (list, room, ${PIECES} pieces), by these`,
  turn: "a turn, measured",
}

/** What the report says of it, by line. */
export function costsLines({ perSecond, busy, ...costs }: ModelOfCosts): { what: string; value: string }[] {
  const value = `${perSecond.toFixed(0)}, with ${(100 * busy).toFixed(0)} % of ${cpus().length} processors`
  return [
    ...Object.entries(costs).map(([name, each]) => ({
      what: `processor time of ${NAMES[name as keyof typeof costs]}`,
      value: `${PARTS.map((part) => `${part} ${each[part].toFixed(2)}`).join(", ")} ms`,
    })),
    { what: "turns a second", value },
  ]
}

interface Visit {
  list?: boolean
  room?: boolean
  pieces?: number
}

const LONG = 100
const IDLE_MS = 3 * SECOND

async function measureIdle(site: Site, worker: Awaited<ReturnType<typeof startWorker>>): Promise<Costs> {
  const before = await readCosts(site, worker)
  // A pause doesn't keep the process alive, and this is all that it waits for.
  const alive = setInterval(() => undefined, SECOND)
  await pause(IDLE_MS).finally(() => clearInterval(alive))
  const after = await readCosts(site, worker)
  return mapCosts((part) => (after[part] - before[part]) / (IDLE_MS / SECOND))
}

async function inParallel(count: number, work: (n: number) => Promise<void>): Promise<void> {
  const numbers = Array.from({ length: count }, (_, n) => n).values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const n of numbers) await work(n)
    }),
  )
}

interface Exchange {
  method: string
  agent: Agent
  user: User
  body: object | undefined
}

/** Reads the answer to its end, that of a prompt as a stream. @throws for one that isn't 2xx */
function exchange(url: string, { method, agent, user, body }: Exchange): Promise<void> {
  const text = body && JSON.stringify(body)
  const headers = {
    Authorization: `Bearer ${user.token}`,
    ...(text
      ? {
          Accept: "text/event-stream",
          "Content-Type": "application/json",
          "Content-Length": Buffer.byteLength(text),
        }
      : {}),
  }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent, headers }, (response) => {
      const { statusCode = 0 } = response
      if (statusCode >= 300) reject(new Error(`${method} ${url} was answered with ${statusCode}.`))
      response.resume().once("end", resolve)
    })
    sent.once("error", reject)
    sent.end(text)
  })
}

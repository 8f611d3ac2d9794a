import { pause, SECOND } from "../src/utils/time.ts"
import { type Client, signUp, type User } from "./client.ts"
import { type Heard, listen, silence } from "./listener.ts"
import { type Prompt, writePrompt } from "./prompts.ts"
import type { Random } from "./random.ts"

/** An accepted prompt and what its listener has heard so far. */
export interface Exchange extends Prompt {
  user: User
  roomId: string
  promptId: string
  replyId: string
  heard: Heard
}

/** Users who talk in several rooms at once and listen to every reply. */
export interface Load {
  users: User[]
  exchanges: Exchange[]
  /** Answers to prompts that were neither an acceptance nor expected. */
  surprises: string[]
  /** Rooms, with whose they are. */
  rooms: Map<string, User>
  answered(): number
  /** Goes on until `prompts` were accepted and the faults are over, then waits for the last replies. */
  finish(): Promise<void>
}

export interface LoadOptions {
  random: Random
  users: number
  /** Rooms that a user talks in at the same time. */
  conversations: number
  /** Accepted prompts, at the least. */
  prompts: number
  signal: AbortSignal
}

/** The last replies may take this long once the faults are over. */
const SETTLE_MS = 30 * SECOND

/** The branch stays far below the token budget, so that what Gemini is sent can be told from the stored messages. */
const PROMPTS_PER_ROOM = 6

export async function startLoad(client: Client, options: LoadOptions): Promise<Load> {
  const users = await Promise.all(
    numbered(options.users).map((i) => signUp(client, `+1202555${String(1000 + i)}`)),
  )
  const load: State = {
    users,
    exchanges: [],
    surprises: [],
    rooms: new Map(),
    client,
    options,
    faultsOver: false,
    settled: new AbortController(),
  }
  const talks = users.flatMap((user, u) =>
    numbered(options.conversations).map((c) => talk(load, user, `user ${u + 1}, talk ${c}`)),
  )
  const talking = Promise.all(talks)
  // Who waits for it learns of a failure in `finish`; until then it must not end the process.
  talking.catch(() => undefined)
  return Object.assign(load, {
    answered: () => load.exchanges.filter(({ heard }) => heard.dones.length > 0).length,
    async finish() {
      load.faultsOver = true
      await settle(load, talking)
    },
  })
}

interface State {
  users: User[]
  exchanges: Exchange[]
  surprises: string[]
  rooms: Map<string, User>
  client: Client
  options: LoadOptions
  faultsOver: boolean
  /** Aborts when waiting for the last replies is over. */
  settled: AbortController
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

const isEnough = ({ faultsOver, exchanges, options }: State) =>
  faultsOver && exchanges.length >= options.prompts

async function settle(load: State, talking: Promise<unknown>): Promise<void> {
  const { signal } = load.options
  const talked = new AbortController()
  const ended = talking.finally(() => talked.abort())
  ended.catch(() => undefined)
  while (!isEnough(load) && !talked.signal.aborted && !signal.aborted) await pause(SECOND, talked.signal)
  await pause(SETTLE_MS, AbortSignal.any([talked.signal, signal]))
  load.settled.abort()
  await ended
}

/** One room after the other; in each, one or two prompts at a time and then their replies. */
async function talk(load: State, user: User, label: string): Promise<void> {
  const random = load.options.random.fork(label)
  for (let count = 0; !isEnough(load) && !load.options.signal.aborted; ) {
    const roomId = await openRoom(load, user)
    for (let inRoom = 0; inRoom < PROMPTS_PER_ROOM && !isEnough(load); ) {
      const listening: Promise<unknown>[] = []
      for (let burst = random.int(1, 2); burst > 0; burst--, inRoom++, count++) {
        const exchange = await send(load, user, roomId, writePrompt(random, `${label}, prompt ${count}`))
        if (exchange) listening.push(follow(load, exchange, random))
      }
      await Promise.all(listening)
    }
  }
}

async function openRoom({ client, rooms }: State, user: User): Promise<string> {
  const { status, body } = await client.post("/chatroom", {}, { token: await user.token() })
  if (status !== 201) throw new Error(`no room: ${JSON.stringify(body)}`)
  rooms.set(body.id, user)
  return body.id
}

async function send(load: State, user: User, roomId: string, prompt: Prompt): Promise<Exchange | null> {
  const token = await user.token()
  const { status, body } = await load.client.post(
    `/chatroom/${roomId}/message`,
    { message: prompt.text },
    { token },
  )
  if (status !== 202) {
    load.surprises.push(`${status} ${JSON.stringify(body)}`)
    return null
  }
  const exchange = { ...prompt, user, roomId, promptId: body.id, replyId: body.reply.id, heard: silence() }
  load.exchanges.push(exchange)
  return exchange
}

function follow({ client, options, settled }: State, exchange: Exchange, random: Random): Promise<Heard> {
  const { user, roomId, replyId, heard } = exchange
  const signal = AbortSignal.any([options.signal, settled.signal])
  const path = `/chatroom/${roomId}/message/${replyId}/stream`
  return listen(client, user, path, { random: random.fork(replyId), signal, heard })
}

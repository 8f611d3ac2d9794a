import { pause, SECOND } from "../../src/utils/time.ts"
import { type Client, signUp, type User } from "../lib/client.ts"
import type { Manner } from "../lib/listener.ts"
import type { Random } from "../lib/random.ts"
import { follow, openRoom, send } from "./asking.ts"
import { type Exchange, isAnswered, type Span } from "./exchange.ts"
import { type Mix, type PromptOptions, writePrompt } from "./prompts.ts"

/** Many prompts, each in a room of its own, beside the talks. */
export interface Burst extends PromptOptions {
  count: number
  /** All at once by default. */
  perSecond?: number
  manner?: Manner
}

/** Users who talk in several rooms at once and listen to every reply. */
export type Load = Awaited<ReturnType<typeof startLoad>>

export interface LoadOptions {
  random: Random
  users: number
  /** Accepted prompts, at the least. */
  prompts: number
  /** Of the first user; the others have the next. */
  firstNumber?: number
  signal: AbortSignal
  /** What users do, each in several talks at once, until it is enough; by default they ask and listen. */
  talk?: Talk | undefined
}

/** One talk of a user, until `isEnough`. */
export type Talk = (load: State, user: User, talk: { label: string; random: Random }) => Promise<void>

/** The last replies may take this long once the faults are over. */
const SETTLE_MS = 30 * SECOND

/** The branch stays far below the token budget, so that what Gemini is sent can be told from the stored messages. */
const PROMPTS_PER_ROOM = 6

/** Rooms that a user talks in at the same time. */
const TALKS_PER_USER = 2

export async function startLoad(client: Client, options: LoadOptions) {
  const first = options.firstNumber ?? 1000
  const numbers = Array.from({ length: options.users }, (_, i) => `+1202555${first + i}`)
  const users = await Promise.all(numbers.map((number) => signUp(client, number)))
  const load: State = {
    users,
    exchanges: [],
    surprises: [],
    counts: new Map(),
    copies: [],
    rooms: new Map(),
    losses: [],
    client,
    options,
    faultsOver: false,
    mix: undefined,
    bursts: [],
    sent: 0,
    settled: new AbortController(),
  }
  const { talk = askAndListen } = options
  const talks = users.flatMap((user, u) =>
    numbered(TALKS_PER_USER).map((c) => {
      const label = `user ${u + 1}, talk ${c}`
      return talk(load, user, { label, random: options.random.fork(label) })
    }),
  )
  const talking = Promise.all(talks)
  // Who waits for it learns of a failure in `finish`; until then it must not end the process.
  talking.catch(() => undefined)
  return Object.assign(load, {
    answered: () => load.exchanges.filter(isAnswered).length,
    /** Resolves when all of it is accepted; the replies are listened to from then on. */
    burst: (burst: Burst) => fireBurst(load, burst),
    /** Goes on until `prompts` were accepted and the faults are over, then waits for the last replies. */
    async finish() {
      load.faultsOver = true
      await settle(load, Promise.all([talking, ...load.bursts]))
    },
  })
}

/** What the users of a load share. */
export interface State {
  users: User[]
  exchanges: Exchange[]
  /** Answers to prompts that were neither an acceptance nor expected. */
  surprises: string[]
  /** How often users did what, for the table. */
  counts: Map<string, number>
  /** Rooms that were made of a branch, and the last message of that. */
  copies: { roomId: string; messageId: string }[]
  /** Rooms, with whose they are. */
  rooms: Map<string, User>
  /** When PostgreSQL lost what was committed: rooms and replies of then may be gone. */
  losses: Span[]
  client: Client
  options: LoadOptions
  faultsOver: boolean
  /** What is to become of the prompts of the talks from now on. */
  mix: Mix | undefined
  /** Listeners of bursts. */
  bursts: Promise<unknown>[]
  /** In bursts. */
  sent: number
  /** Aborts when waiting for the last replies is over. */
  settled: AbortController
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

/** Whether users may stop: there were enough prompts, and nothing breaks any more. */
export const isEnough = ({ faultsOver, exchanges, options }: State) =>
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
async function askAndListen(
  load: State,
  user: User,
  { label, random }: { label: string; random: Random },
): Promise<void> {
  for (let count = 0; !isEnough(load) && !load.options.signal.aborted; ) {
    const roomId = await openRoom(load, user)
    for (let inRoom = 0; inRoom < PROMPTS_PER_ROOM && !isEnough(load); ) {
      const listening: Promise<unknown>[] = []
      for (let burst = random.int(1, 2); burst > 0; burst--, inRoom++, count++) {
        const prompt = writePrompt(random, `${label}, prompt ${count}`, load.mix ? { mix: load.mix } : {})
        const exchange = await send(load, user, { roomId, prompt })
        if (exchange) listening.push(follow(load, exchange, random))
      }
      await Promise.all(listening)
    }
  }
}

async function fireBurst(load: State, { count, perSecond, manner, ...how }: Burst): Promise<Exchange[]> {
  const { random, signal } = load.options
  const sends = numbered(count).map(async (i) => {
    if (perSecond) await pause(((i - 1) * SECOND) / perSecond, signal)
    const label = `burst ${load.sent++}`
    const own = random.fork(label)
    const user = load.users[load.sent % load.users.length] as User
    const roomId = await openRoom(load, user)
    const exchange = await send(load, user, { roomId, prompt: writePrompt(own, label, how) })
    if (exchange) load.bursts.push(follow(load, exchange, own, manner))
    return exchange
  })
  return (await Promise.all(sends)).filter((exchange) => exchange !== null)
}

import { connect, type Socket } from "node:net"
import { TIMING } from "../../../src/config/timing.ts"
import { newId } from "../../../src/utils/ids.ts"
import { pause, SECOND } from "../../../src/utils/time.ts"
import { request } from "../helpers/load.ts"
import { familyOf, processorTimes, spentBetween } from "../helpers/processes.ts"
import { type Api, type Site, startApi } from "../helpers/site.ts"
import { mobileNumber, signIn } from "../helpers/users.ts"

/** Goals for ten thousand: parts of a core, and bytes of each stream. */
export const IDLE_GOALS = { apiCores: 0.1, databaseCores: 0.05, bytesEach: 30 * 1024 }

/** Opened first, not counted and kept open: what the first streams load is there once. */
const WARM_UP = 1_000

const ROOMS_EACH = 10

/** As many as a browser's tabs that come back together. */
const AT_ONCE = 50

export interface IdlePace {
  streams: number
  /** For how long they are watched. */
  ms: number
}

export interface IdleStreams {
  transactionsPerSecond: number
  /** Of one core, by the process that holds the streams. */
  apiCores: number
  /** Of one core, by all of PostgreSQL's processes. */
  databaseCores: number
  /** Resident memory of the process, for each stream. */
  bytesEach: number
}

/**
 * What room streams cost in which nothing happens, each of a room of its own, ten of them a user's, in an API process that
 * has nothing else to do. Other processes of the service stand still as well.
 */
export async function measureIdleStreams(site: Site, { streams, ms }: IdlePace): Promise<IdleStreams> {
  await using stack = new AsyncDisposableStack()
  const env = { ...site.env, MAX_CONNECTIONS: String(2 * (streams + WARM_UP)) }
  const { api, port, url } = await startApi(site.machine, env, "api", ["--expose-gc"])
  stack.defer(() => api.stop())
  const requests = await prepare(site, url, streams + WARM_UP)
  stack.defer(await openAll(port, requests.slice(0, WARM_UP)))
  const atFirst = await residentBytes(api)
  stack.defer(await openAll(port, requests.slice(WARM_UP)))
  // The first look at each row is behind them.
  await pause(2 * TIMING.replies.rowCheckMs)
  const bytesEach = ((await residentBytes(api)) - atFirst) / streams
  const before = await take(site, api)
  await pause(ms)
  const after = await take(site, api)
  const seconds = (after.at - before.at) / SECOND
  return {
    transactionsPerSecond: (after.transactions - before.transactions) / seconds,
    apiCores: (after.cpuMs - before.cpuMs) / SECOND / seconds,
    databaseCores: spentBetween(before.database, after.database) / SECOND / seconds,
    bytesEach,
  }
}

/** Users with rooms. @returns the requests for their streams */
async function prepare({ pool }: Site, url: string, count: number): Promise<Buffer[]> {
  const numbers = Array.from({ length: Math.ceil(count / ROOMS_EACH) }, (_, n) => mobileNumber(4_000_000 + n))
  await pool.query(
    "INSERT INTO users (id, mobile_number) SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING",
    [numbers.map(newId), numbers],
  )
  const requests: Buffer[] = []
  for (let n = 0; n < numbers.length; n += AT_ONCE) {
    const users = await Promise.all(numbers.slice(n, n + AT_ONCE).map((number) => signIn(url, number)))
    const rooms = users.flatMap((user) => Array.from({ length: ROOMS_EACH }, () => ({ user, id: newId() })))
    await pool.query(
      "INSERT INTO chatrooms (user_id, id, name) SELECT *, 'Plans' FROM unnest($1::uuid[], $2::uuid[])",
      [rooms.map(({ user }) => user.id), rooms.map(({ id }) => id)],
    )
    requests.push(...rooms.map(({ user, id }) => request("GET", `/chatroom/${id}/events`, user.token)))
  }
  return requests.slice(0, count)
}

/** Opens streams and waits for the first event of each. @returns what closes them */
async function openAll(port: number, requests: Buffer[]): Promise<() => void> {
  const sockets: Socket[] = []
  for (let n = 0; n < requests.length; n += AT_ONCE)
    sockets.push(...(await Promise.all(requests.slice(n, n + AT_ONCE).map((bytes) => open(port, bytes)))))
  return () => {
    for (const socket of sockets) socket.destroy()
  }
}

/** A plain connection: ten thousand of Node's HTTP client would be a gigabyte of the benchmark's own. */
function open(port: number, bytes: Buffer): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" })
    socket.write(bytes)
    let came = ""
    const read = (chunk: Buffer) => {
      came += chunk.toString("latin1")
      if (came.includes("\r\n\r\n") && !came.startsWith("HTTP/1.1 200")) reject(new Error(came))
      if (!came.includes("event: chatroom")) return
      socket.off("data", read).resume()
      resolve(socket)
    }
    socket.on("data", read)
    socket.once("close", () => reject(new Error(`A stream was refused: ${came.slice(0, 500)}`)))
    socket.once("error", reject)
  })
}

async function take({ machine, pool }: Site, api: Api["api"]) {
  const { rows } = await pool.query<{ n: number }>(
    "SELECT (xact_commit + xact_rollback)::int AS n FROM pg_stat_database WHERE datname = current_database()",
  )
  const { cpuMs } = await api.usage()
  const database = processorTimes(familyOf(machine.postgresPid))
  return { at: performance.now(), transactions: rows[0]?.n ?? 0, cpuMs, database }
}

/** After its garbage is collected, which `usage` does: twice, since the first frees what the second finds dead. */
async function residentBytes(api: Api["api"]): Promise<number> {
  await api.usage()
  return (await api.usage()).rssBytes
}

import { type Comparison, compare, type Pace } from "../helpers/compare.ts"
import { drive, request } from "../helpers/load.ts"
import { type Site, startApi, startFloor } from "../helpers/site.ts"
import { createRooms, type User } from "../helpers/users.ts"

/** Of the rate of bare Express. */
export const LIST_GOAL = 0.65
export const SILENT_LIST_GOAL = 0.8

const ROOMS_EACH = 20
const CONNECTIONS = 50

export interface Lists {
  /** With the log that a server writes. */
  logged: Comparison
  /** The same without a log. */
  silent: Comparison
  /** What the least code answers a second that has the same rooms, by its library. */
  floors: Record<Floor, number>
}

/** Floors of the list: what each library can do. */
export const LIST_FLOORS = ["http", "fastify", "express"] as const
type Floor = (typeof LIST_FLOORS)[number]

/** `GET /chatroom` from the cache, beside bare Express that answers the same rooms with `res.json`. */
export async function measureList(site: Site, users: User[], pace: Pace): Promise<Lists> {
  await using stack = new AsyncDisposableStack()
  await createRooms(site.pool, users, ROOMS_EACH)
  const silent = await startApi(site.machine, { ...site.env, LOG_LEVEL: "silent" }, "api")
  stack.defer(() => silent.api.stop())
  let rooms = ""
  for (const { url } of [silent, site]) for (const user of users) rooms = await fillCache(url, user)
  const requests = users.map((user) => request("GET", "/chatroom", user.token))
  const next = (connection: number) => requests[connection % requests.length] as Buffer
  const run = (port: number) => (ms: number) => drive({ port, connections: CONNECTIONS, next, until: { ms } })
  const floors = {} as Record<Floor, number>
  for (const name of LIST_FLOORS.filter((name) => name !== "express")) {
    await using other = await startFloor(site, `${name}-list`, { FLOOR_ROOMS: rooms })
    await run(other.port)(pace.warmUpMs / 2)
    floors[name] = (await run(other.port)(2 * pace.roundMs)).perSecond
  }
  await using floor = await startFloor(site, "express-list", { FLOOR_ROOMS: rooms })
  const against = { process: floor.process, run: run(floor.port) }
  const logged = await compare({ process: site.api, run: run(site.port) }, against, pace)
  const found = await compare({ process: silent.api, run: run(silent.port) }, against, pace)
  return { logged, silent: found, floors: { ...floors, express: logged.floor.perSecond } }
}

/** @returns the list @throws when the second reading isn't a hit, as then something else would be measured */
async function fillCache(url: string, { token }: User): Promise<string> {
  const read = () => fetch(`${url}/chatroom`, { headers: { Authorization: `Bearer ${token}` } })
  await (await read()).text()
  const second = await read()
  const cache = second.headers.get("x-cache")
  if (cache !== "HIT") throw new Error(`GET /chatroom should come from the cache, and is a ${cache}.`)
  return second.text()
}

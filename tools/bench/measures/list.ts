import { type Comparison, compare, type Pace } from "../helpers/compare.ts"
import { drive, request } from "../helpers/load.ts"
import { type Site, startFloor } from "../helpers/site.ts"
import { createRooms, type User } from "../helpers/users.ts"

/** Of the rate of bare Express. */
export const LIST_GOAL = 0.65

const ROOMS_EACH = 20
const CONNECTIONS = 50

/** `GET /chatroom` from the cache, beside bare Express that answers the same rooms with `res.json`. */
export async function measureList(site: Site, users: User[], pace: Pace): Promise<Comparison> {
  await using stack = new AsyncDisposableStack()
  await createRooms(site.pool, users, ROOMS_EACH)
  let rooms = ""
  for (const user of users) rooms = await fillCache(site.url, user)
  const floor = await startFloor(site, "express-list", { FLOOR_ROOMS: rooms })
  stack.defer(() => floor.process.stop())
  const requests = users.map((user) => request("GET", "/chatroom", user.token))
  const next = (connection: number) => requests[connection % requests.length] as Buffer
  const run = (port: number) => (ms: number) => drive({ port, connections: CONNECTIONS, next, until: { ms } })
  return await compare(
    { process: site.api, run: run(site.port) },
    { process: floor.process, run: run(floor.port) },
    pace,
  )
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

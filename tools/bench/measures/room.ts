import { insertChain } from "../../lib/chain.ts"
import { type Comparison, compare, type Pace } from "../helpers/compare.ts"
import { drive, request } from "../helpers/load.ts"
import { type Site, startFloor } from "../helpers/site.ts"
import type { User } from "../helpers/users.ts"

/** Of the rate of Express with JWT and one query, by the size of a message. */
export const ROOM_GOALS = { 1: 1, 8: 0.85 } as const

/** A message's text, in KB. */
export type MessageSize = keyof typeof ROOM_GOALS

const MESSAGES = 50
const CONNECTIONS = 20

/** `GET /chatroom/:id` of rooms with 50 messages, beside Express that reads them by one query. */
export async function measureRoom(
  site: Site,
  users: readonly User[],
  size: MessageSize,
  pace: Pace,
): Promise<Comparison> {
  await using stack = new AsyncDisposableStack()
  const text = "What should I cook for six friends on Friday? ".repeat(200).slice(0, size * 1024)
  const requests: Buffer[] = []
  for (const { id: userId, token } of users.slice(0, CONNECTIONS)) {
    const room = await insertChain(site.pool, { userId, messages: MESSAGES, prompt: text, reply: text })
    requests.push(request("GET", `/chatroom/${room}`, token))
  }
  await site.pool.query("ANALYZE chatrooms, messages")
  const floor = await startFloor(site, "express-room")
  stack.defer(() => floor.process.stop())
  const next = (connection: number) => requests[connection] as Buffer
  const run = (port: number) => (ms: number) => drive({ port, connections: CONNECTIONS, next, until: { ms } })
  return await compare(
    { process: site.api, run: run(site.port) },
    { process: floor.process, run: run(floor.port) },
    pace,
  )
}

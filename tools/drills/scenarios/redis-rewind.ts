import { pause, SECOND } from "../../../src/utils/time.ts"
import { signUp } from "../../lib/client.ts"
import { createHttp, type Http } from "../../lib/http.ts"
import type { Scenario, Stage } from "../scenario.ts"
import { lasting, redisOf, untilMidReply } from "./strikes.ts"

const ROOMS = 5
const MAX_STRIKES = 5

/** Redis comes back as it was some seconds before it died, as from a snapshot or on a replica that was behind. */
export const redisRewind: Scenario = {
  name: "redis-rewind",
  about: "kill -9 of Redis, which comes back with a snapshot from some seconds before",
  explains:
    "Redis saves a snapshot, goes on for some seconds, dies by `kill -9` and comes back with the snapshot, at most 5 times: finished jobs, old live text and old lists are there again. L1: a user who has renamed every room in between reads the new names from every process, before the death and after it.",
  needsRedis: true,
  async run(stage) {
    const { strikes, isQuick, signal, struck, random } = stage
    const redis = redisOf(stage)
    const lists = await openLists(stage)
    const stale: string[] = []
    for (let strike = 0; strike < Math.min(strikes, isQuick ? 1 : MAX_STRIKES); strike++) {
      // Twice, so that what the snapshot holds was read from the cache.
      stale.push(...(await lists.findStale()), ...(await lists.findStale()))
      await untilMidReply(stage)
      await redis.save()
      await lists.rename(`as of strike ${strike}`)
      stale.push(...(await lists.findStale()))
      await pause(random.int(500, lasting(stage, { quick: 1_000, full: 5_000 })), signal)
      await redis.kill()
      struck()
      await redis.start()
      stale.push(...(await lists.findStale()))
      await pause(SECOND, signal)
    }
    await redis.forget()
    const claim = "no list is older than its user's last write"
    stage.demand("L1", claim, () => ({ checked: lists.read(), broken: stale }))
  },
}

/** The rooms of a user who sends nothing: but for the names, their list stays as it is. */
async function openLists({ client, cluster, random }: Stage) {
  const user = await signUp(client, `+1202556${random.int(1_000, 9_999)}`)
  const token = await user.token()
  const apis = cluster.apis.map(({ url }) => createHttp(url as string, { token }))
  const rooms: string[] = []
  for (let i = 0; i < ROOMS; i++) rooms.push((await client.post("/chatroom", {}, { token })).body.id)
  let name = "New chat"
  let read = 0
  const staleAt = async (http: Http) => {
    read += 1
    const { status, body } = await http.get("/chatroom")
    if (status !== 200) return [`a list was answered ${status}`]
    const names = new Set((body as { name: string }[]).map((room) => room.name))
    return names.size === 1 && names.has(name) ? [] : [`"${[...names].join('", "')}" instead of "${name}"`]
  }
  return {
    read: () => read,
    findStale: async () => (await Promise.all(apis.map(staleAt))).flat(),
    async rename(to: string) {
      for (const [i, id] of rooms.entries())
        await apis[i % apis.length]?.patch(`/chatroom/${id}`, { name: to })
      name = to
    },
  }
}

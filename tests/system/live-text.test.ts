import { Redis } from "ioredis"
import { expect, test } from "vitest"
import { SECOND } from "../../src/utils/time.ts"
import { joinDeltas, type ServerEvent } from "../../tools/lib/http.ts"
import { startRedis } from "../../tools/lib/redis-server.ts"
import { type SignedIn, signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { createRoom, finalReply, makePro, send } from "../helpers/chat.ts"
import { isRedisLeftOut, testStack } from "./kit.ts"

/** Long enough for looks at the row, one in 2 s, to be told from live text. */
const PROMPT = "[[gemini: chunks=60 delay=150]] a long one"

const strikes: Record<string, (redis: Redis) => Promise<unknown>> = {
  "all that Redis has is deleted": (redis) => redis.flushall(),
  "Redis answers nothing for 0.4 s": (redis) => redis.call("CLIENT", "PAUSE", "400", "ALL"),
}

test.skipIf(isRedisLeftOut).for(Object.entries(strikes))("live text goes on after %s", async ([, strike]) => {
  const stack = testStack()
  const redisUrl = (await startRedis(stack)) as string
  const worker = await startTestApp({ redisUrl })
  stack.defer(() => worker.close())
  const app = await startTestApp({ beside: worker, worker: false })
  stack.defer(() => app.close())
  const redis = new Redis(redisUrl)
  stack.defer(() => redis.disconnect())
  const ann = await signIn(app)
  await makePro(app, ann)
  const room = await createRoom(app, ann)
  const { reply } = (await send(app, ann, room, PROMPT)).body

  const path = `/chatroom/${room.id}`
  const listeners = [
    listen(app, ann, `${path}/message/${reply.id}/stream`),
    listen(app, ann, `${path}/events`),
  ] as const
  for (const one of listeners) await expect.poll(() => one.deltas().length).toBeGreaterThan(5)
  const before = listeners.map((one) => one.deltas().length)
  await strike(redis)
  const stored = await finalReply(app, ann, reply, 60 * SECOND)
  for (const [i, one] of listeners.entries()) {
    await one.ended
    expect(joinDeltas(one.events)).toBe(stored.content)
    expect(one.deltas().length).toBeGreaterThan((before[i] ?? 0) + 10)
  }
})

/** Follows a stream in the background until a reply has ended. */
function listen(app: TestApp, user: SignedIn, path: string) {
  const events: ServerEvent[] = []
  const ended = (async () => {
    for await (const event of app.http.events(path, { token: user.token })) {
      events.push(event)
      if (event.event === "done") break
    }
  })()
  return { events, ended, deltas: () => events.filter(({ event }) => event === "delta") }
}

import type { Redis } from "ioredis"
import { expect, test } from "vitest"
import { SECOND } from "../../src/utils/time.ts"
import { joinDeltas, type ServerEvent } from "../../tools/lib/http.ts"
import { askRedis, openRedis } from "../../tools/lib/redis-server.ts"
import { type SignedIn, signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { createRoom, finalReply, makePro } from "../helpers/chat.ts"
import { accept, isRedisLeftOut, testStack } from "./kit.ts"

/** Long enough for looks at the row, one in 2 s, to be told from live text. */
const PROMPT = "[[gemini: chunks=60 delay=150]] a long one"

const strikes: Record<string, (redis: Redis) => Promise<unknown>> = {
  "all that Redis has is deleted": (redis) => redis.flushall(),
  "Redis answers nothing for 0.4 s": (redis) => redis.call("CLIENT", "PAUSE", "400", "ALL"),
}

test.skipIf(isRedisLeftOut).for(Object.entries(strikes))("live text goes on after %s", async ([, strike]) => {
  const stack = testStack()
  const { url } = await openRedis(stack)
  const worker = stack.use(await startTestApp({ redisUrl: url }))
  const app = stack.use(await startTestApp({ beside: worker, worker: false }))
  const ann = await signIn(app)
  await makePro(app, ann)
  const room = await createRoom(app, ann)
  const reply = await accept(app, ann, room, PROMPT)

  const path = `/chatroom/${room.id}`
  const listeners = [
    listen(app, ann, `${path}/message/${reply.id}/stream`),
    listen(app, ann, `${path}/events`),
  ] as const
  for (const one of listeners) await expect.poll(() => one.deltas().length).toBeGreaterThan(5)
  const before = listeners.map((one) => one.deltas().length)
  await askRedis(url, strike)
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

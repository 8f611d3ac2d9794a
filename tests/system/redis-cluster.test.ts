import { beforeAll, expect, test } from "vitest"
import { queuePrefix } from "../../src/services/platform/queue-store.ts"
import { QUEUE_NAME } from "../../src/services/replies/accept/reply-queue.ts"
import { collect, joinDeltas, type ServerEvent } from "../../tools/lib/http.ts"
import { askRedis } from "../../tools/lib/redis-server.ts"
import type { TestApp } from "../helpers/app.ts"
import { ask, createRoom, finalReply } from "../helpers/chat.ts"
import { followRoom } from "../helpers/follow-room.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { accept, expectCompleted, type Reply, sharedStack } from "./kit.ts"
import { type RedisCluster, startRedisCluster } from "./redis-cluster.ts"

const stack = sharedStack()
let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startRedisCluster(stack)
})
const app = useTestApp(() => ({ redisUrl: cluster.url }))
const other = useTestApp(() => ({ beside: app, worker: false }))
const user = useUser(app, { pro: true })

test("keys are spread over the nodes, and those of the queue are on one", async () => {
  let keys: string[][] = []
  // A busy machine's Redis may go unanswered for a moment, and a reply's stream then isn't written.
  await expect
    .poll(async () => {
      const rooms = await Promise.all(Array.from({ length: 6 }, () => createRoom(app, user)))
      await Promise.all(rooms.map((room) => ask(app, user, room, "Hello")))
      keys = await keysByNode(cluster)
      return keys.filter((ofNode) => ofNode.some((key) => key.startsWith("reply:"))).length
    })
    .toBeGreaterThan(1)
  const queue = keys.map((ofNode) => ofNode.filter((key) => key.includes(QUEUE_NAME)))
  expect(queue.filter((ofNode) => ofNode.length > 0)).toHaveLength(1)
  expect(queue.flat().every((key) => key.startsWith(`${queuePrefix(cluster.url)}:`))).toBe(true)
})

test("replies come through the queue, not from the sweep", async () => {
  const reply = await ask(app, user, await createRoom(app, user), "Hello")
  const key = `${queuePrefix(cluster.url)}:${QUEUE_NAME}:events`
  // The queue hears of it after the reply's listeners.
  await expect
    .poll(async () => {
      const events = (await app.ctx.redis?.call((client) => client.xrevrange(key, "+", "-"))) ?? []
      return events.filter(([, fields]) => fields.includes("completed") && fields.includes(reply.id))
    })
    .toHaveLength(1)
})

test("two processes count a limit together", async () => {
  const remaining = async (each: TestApp) =>
    (await each.ctx.rateLimits.consume("write", "somebody")).remaining
  // Where Redis doesn't answer in time each process counts alone, and both come to the same.
  await expect.poll(async () => (await remaining(app)) - (await remaining(other))).toBe(1)
})

test("notices reach every process, whichever node it listens on", async () => {
  const heard: unknown[] = []
  const unsubscribe = other.ctx.bus.subscribe("room:{somewhere}", (message) => heard.push(message))
  await expect.poll(() => heard).toContain(null)
  await expect
    .poll(() => {
      app.ctx.bus.publish("room:{somewhere}", "hello")
      return heard
    })
    .toContain("hello")
  unsubscribe()
})

test("a notice goes to the node of its channel alone, and comes there after the channel has moved to another one", async () => {
  const channel = "room:{wanderer}"
  const heard: unknown[] = []
  const unsubscribe = other.ctx.bus.subscribe(channel, (message) => heard.push(message))
  const publishUntilHeard = async (message: string) =>
    expect
      .poll(() => {
        app.ctx.bus.publish(channel, message)
        return heard
      })
      .toContain(message)
  const listening = async () => {
    const asked = cluster.nodes.map(({ url }) =>
      askRedis(url, (client) => client.call("PUBSUB", "SHARDCHANNELS")),
    )
    return (await Promise.all(asked)).map((channels) => (channels as string[]).includes(channel))
  }
  await publishUntilHeard("before")
  const before = await listening()
  expect(before.filter(Boolean)).toHaveLength(1)
  const from = before.indexOf(true)
  await cluster.moveSlot(channel, (from + 1) % cluster.nodes.length)
  await publishUntilHeard("after")
  expect((await listening()).indexOf(true)).toBe((from + 1) % cluster.nodes.length)
  // Nobody listens to all nodes.
  const plain = await Promise.all(
    cluster.nodes.map(({ url }) => askRedis(url, (client) => client.call("PUBSUB", "CHANNELS"))),
  )
  expect(plain.flat()).toEqual([])
  unsubscribe()
})

test("the cached list is filled by one process and invalidated by another", async () => {
  const names = async (each: TestApp) =>
    (await each.http.get("/chatroom", { token: user.token })).body.map(({ name }: { name: string }) => name)
  const isCached = async () =>
    (await keysByNode(cluster)).flat().some((key) => key.includes(`chatrooms:`) && key.includes(user.user.id))
  await createRoom(app, user, { name: "first" })
  // A reader fills it only where Redis answers in time.
  await expect.poll(async () => [(await names(other))[0], await isCached()]).toEqual(["first", true])
  await createRoom(app, user, { name: "second" })
  expect((await names(other))[0]).toBe("second")
})

test("a listener goes on in another process, from the reply log or the row, and a room's events come there", async () => {
  const room = await createRoom(app, user)
  const follower = followRoom(other, user, room)
  const reply = await accept(app, user, room, "[[gemini: chunks=20 delay=30]] a long one")
  const path = `/chatroom/${room.id}/message/${reply.id}/stream`
  const first: ServerEvent[] = []
  for await (const event of app.http.events(path, { token: user.token })) {
    first.push(event)
    if (joinDeltas(first) !== "") break
  }
  const headers = { "Last-Event-ID": first.at(-1)?.id ?? "" }
  const rest = await collect(other.http.events(path, { token: user.token, headers }))
  const stored = await finalReply(app, user, reply)
  expect(joinDeltas([...first, ...rest])).toBe(stored.content)
  await follower.until(() => expect(follower.texts()[reply.id]).toBe(stored.content))
  await follower.stop()
})

test("a reply that is cancelled in one process stops in the worker of another", async () => {
  const room = await createRoom(other, user)
  const reply = await accept(other, user, room, "[[gemini: stall after=3]] endless")
  const call = () => app.gemini.calls().find(({ prompt }) => prompt.includes("endless"))
  await expect.poll(() => call()?.chunksSent).toBe(3)
  const path = `/chatroom/${room.id}/message/${reply.id}/cancel`
  const { body } = await other.http.post(path, undefined, { token: user.token })
  expect(body.status).toBe("cancelled")
  await expect.poll(() => call()?.aborted).toBe(true)
})

test("while the node with the queue is killed and started again every prompt is accepted and ends in one reply", async () => {
  const replies: Reply[] = []
  const prompts = async () => {
    for (let i = 0; i < 5; i++)
      replies.push(await accept(app, user, await createRoom(app, user), `question ${i}`))
  }
  await prompts()
  const keys = await keysByNode(cluster)
  const node = cluster.nodes[keys.findIndex((ofNode) => ofNode.some((key) => key.includes(QUEUE_NAME)))]
  await node?.kill()
  await prompts()
  await node?.start()
  await prompts()
  await expectCompleted(app, user, replies)
  // The subscriptions of that node are back.
  const heard: unknown[] = []
  const unsubscribe = other.ctx.bus.subscribe("cancel", (message) => heard.push(message))
  await expect
    .poll(() => {
      app.ctx.bus.publish("cancel", "nothing")
      return heard
    })
    .toContain("nothing")
  unsubscribe()
  await expect.poll(async () => (await app.http.get("/health/ready")).body.status).toBe("ready")
})

async function keysByNode({ nodes }: RedisCluster): Promise<string[][]> {
  return Promise.all(nodes.map(({ url }) => askRedis(url, (client) => client.keys("*"))))
}

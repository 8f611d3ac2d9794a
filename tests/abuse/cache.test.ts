import { once } from "node:events"
import { Agent, get } from "node:http"
import { text as readText } from "node:stream/consumers"
import { setTimeout as after } from "node:timers/promises"
import { beforeAll, describe, expect, test, vi } from "vitest"
import { PATIENCE_MS, times } from "../helpers/answers.ts"
import { type SignedIn, signIn, type TestApp } from "../helpers/app.ts"
import { createRoom } from "../helpers/chat.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { useProxies } from "./kit/proxy.ts"

const USERS = 6

/** Longer than a command to Redis may take: its answer comes when nobody waits for it any more. */
const LATE_MS = 300

let users: SignedIn[]

const app = useTestApp({ worker: false })
const proxies = useProxies(app)
/** The same service, which reaches its stores by ways that can be slow. */
const slow = useTestApp(() => ({
  worker: false,
  beside: app,
  config: proxies.config(),
  timing: { redis: { commandTimeoutMs: LATE_MS - 100 } },
}))
beforeAll(async () => {
  users = await times(USERS, () => signIn(app))
  for (const user of users) await createRoom(app, user, { name: `room of ${user.user.id}` })
})

const userAt = (i: number) => users[i % USERS] as SignedIn
const others = (user: SignedIn) => users.filter((each) => each !== user)

function expectOwn(user: SignedIn, text: string) {
  expect(text).toContain(`room of ${user.user.id}`)
  for (const other of others(user)) expect(text).not.toContain(other.user.id)
}

async function list(
  at: TestApp,
  user: SignedIn,
  { headers = {}, signal }: { headers?: object; signal?: AbortSignal } = {},
) {
  const response = await fetch(`${at.url}/chatroom`, {
    headers: { Authorization: `Bearer ${user.token}`, ...headers },
    signal,
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** The list, as soon as it is to be had: stores that were away, or a machine that stood still, may cost a 503 or two. */
async function listAtLast(user: SignedIn): Promise<string> {
  return vi.waitFor(
    async () => {
      const { status, text } = await list(slow, user)
      expect(status).toBe(200)
      return text
    },
    { timeout: PATIENCE_MS, interval: 20 },
  )
}

describe("the cached list is never another's", () => {
  test("when reads are broken off at any moment", async () => {
    let broken = 0
    const reads = Array.from({ length: 240 }, async (_, i) => {
      const user = userAt(i)
      const stop = new AbortController()
      if (i % 3 === 0) setTimeout(() => stop.abort(), (i * 7) % 40)
      const answer = await list(app, user, { signal: stop.signal }).catch(() => null)
      if (answer) expectOwn(user, answer.text)
      else broken++
    })
    await Promise.all(reads)
    expect(broken).toBeGreaterThan(0)
    for (const user of users) expectOwn(user, (await list(app, user)).text)
  })

  test("when many users share one connection", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      const sockets = new Set<unknown>()
      await Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          const user = userAt(i * 5 + (i >> 2))
          const request = get(`${app.url}/chatroom`, {
            agent,
            headers: { Authorization: `Bearer ${user.token}` },
          })
          const [response] = await once(request, "response")
          sockets.add(response.socket)
          expectOwn(user, await readText(response))
        }),
      )
      expect(sockets.size).toBe(1)
    } finally {
      agent.destroy()
    }
  })

  test("when the stores answer late, to somebody who has left", async () => {
    for (let round = 0; round < 4; round++) {
      const stop = new AbortController()
      for (const proxy of proxies.all()) proxy.hold()
      const left = Array.from({ length: 30 }, (_, i) =>
        list(slow, userAt(i), { signal: stop.signal }).catch(() => null),
      )
      const staying = Array.from({ length: 30 }, (_, i) => list(slow, userAt(i + 1)))
      await after(LATE_MS)
      stop.abort()
      for (const proxy of proxies.all()) proxy.release()
      await Promise.all(left)
      for (const [i, answer] of (await Promise.all(staying)).entries())
        if (answer.status === 200) expectOwn(userAt(i + 1), answer.text)
        else expect(answer.status).toBe(503)
      for (const user of users) expectOwn(user, await listAtLast(user))
    }
  })

  test("when a store breaks off in the middle and comes back", async () => {
    for (const proxy of proxies.all()) {
      const reads = Array.from({ length: 60 }, (_, i) => list(slow, userAt(i)))
      proxy.cut()
      const during = Array.from({ length: 30 }, (_, i) => list(slow, userAt(i)))
      proxy.mend()
      for (const [i, answer] of (await Promise.all([...reads, ...during])).entries())
        if (answer.status === 200) expectOwn(userAt(i < 60 ? i : i - 60), answer.text)
        else expect(answer.status).toBe(503)
      for (const user of users) expectOwn(user, await listAtLast(user))
    }
  })

  test("when the whole cache key is put into the request", async () => {
    const [ann, bob] = users as [SignedIn, SignedIn]
    await list(app, bob)
    for (const path of [
      `/chatroom?user=${bob.user.id}`,
      `/chatroom?userId=${bob.user.id}`,
      "/CHATROOM/",
      "/chatroom?",
    ]) {
      const response = await fetch(app.url + path, {
        headers: { Authorization: `Bearer ${ann.token}`, "X-User-Id": bob.user.id },
      })
      const text = await response.text()
      expect(text).not.toContain(`room of ${bob.user.id}`)
    }
  })
})

describe("an ETag", () => {
  test("of another's list gets one's own list, whole", async () => {
    const [ann, bob] = users as [SignedIn, SignedIn]
    const hers = await list(app, ann)
    const his = await list(app, bob, { headers: { "If-None-Match": hers.headers.get("etag") } })
    expect(his.status).toBe(200)
    expectOwn(bob, his.text)
    expect(his.headers.get("etag")).not.toBe(hers.headers.get("etag"))
  })

  test("of one's own is not modified, and private", async () => {
    const ann = userAt(0)
    const first = await list(app, ann)
    const again = await list(app, ann, { headers: { "If-None-Match": first.headers.get("etag") } })
    expect([again.status, again.text]).toEqual([304, ""])
    for (const { headers } of [first, again]) expect(headers.get("cache-control")).toContain("private")
  })

  test("doesn't outlive the session", async () => {
    const user = await signIn(app)
    const first = await list(app, user)
    await user.http.post("/auth/logout")
    const again = await list(app, user, { headers: { "If-None-Match": first.headers.get("etag") } })
    expect(again.status).toBe(401)
  })
})

test("what may be kept by nobody says so", async () => {
  const { token } = userAt(0)
  for (const path of ["/user/me", "/auth/sessions", "/user/me/export", "/nowhere"])
    expect([path, (await app.http.get(path, { token })).headers.get("cache-control")]).toEqual([
      path,
      "no-store",
    ])
})

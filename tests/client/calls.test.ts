import { describe, expect, expectTypeOf, test } from "vitest"
import {
  ApiError,
  type Chatroom,
  type Message,
  storageTokens,
  type Tokens,
} from "../../packages/client/src/index.ts"
import { times } from "../helpers/answers.ts"
import { startTestApp } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { newClient, signedIn } from "./kit.ts"

const app = useTestApp()

const dead = { token: "dead", refreshToken: "dead" }

describe("a call", () => {
  test("goes to the endpoint that its name says, and has its types", async () => {
    const { client, room } = await signedIn(app)
    const found = await client.call("GET /chatroom/{id}", { params: { id: room.id } })
    expectTypeOf(found.messages).toEqualTypeOf<Message[]>()
    expect(found).toMatchObject({ id: room.id, messages: [] })
    const body = { name: "New" }
    const changed = await client.call("PATCH /chatroom/{id}", { params: { id: room.id }, body })
    expect(changed.name).toBe("New")
    const removed = await client.call("DELETE /chatroom/{id}", { params: { id: room.id } })
    expectTypeOf(removed).toEqualTypeOf<undefined>()
    expect(removed).toBeUndefined()
    expect(await client.call("GET /")).toBe("Home Route")
  })

  test("that is refused throws the problem", async () => {
    const { client } = await signedIn(app)
    const body = { name: "x".repeat(201) }
    const error = await client.call("POST /chatroom", { body }).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ApiError)
    const problem = { errors: [{ path: "body.name" }] }
    expect(error).toMatchObject({ status: 400, code: "invalid_request", problem })
  })

  test("that is rate-limited says when to retry", async () => {
    await using small = await startTestApp({ beside: app, worker: false, config: { rateLimitScale: 0.001 } })
    const { client } = await signedIn(app)
    const limited = newClient(small, { tokens: client.tokens })
    const answers = await Promise.allSettled(Array.from({ length: 5 }, () => limited.call("GET /user/me")))
    const [error] = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []))
    expect(error).toMatchObject({ status: 429, code: "rate_limited" })
    expect((error as ApiError).retryAfterMs).toBeGreaterThan(0)
  })

  test("needs its path's parameters", async () => {
    const client = newClient(app)
    await expect(client.call("GET /chatroom/{id}", { params: { id: "" } })).rejects.toThrow("parameter id")
  })

  test("of a list goes on to the last page", async () => {
    const { client } = await signedIn(app)
    for (let i = 0; i < 6; i++) await client.call("POST /chatroom", { body: { name: `Room ${i}` } })
    const names: string[] = []
    for await (const room of client.list("GET /chatroom", { query: { limit: 3 } })) {
      expectTypeOf(room).toEqualTypeOf<Chatroom>()
      names.push(room.name)
    }
    expect(names).toHaveLength(7)
    expect(new Set(names).size).toBe(7)
  })
})

describe("tokens", () => {
  test("are renewed once, however many calls find them expired", async () => {
    const { tokens } = await signedIn(app)
    const live = await tokens.get()
    tokens.set({ token: "dead", refreshToken: live?.refreshToken as string })
    let renewals = 0
    const counting: typeof fetch = (input, init) => {
      if (String(input).endsWith("/auth/refresh")) renewals += 1
      return fetch(input, init)
    }
    const client = newClient(app, { tokens, fetch: counting })
    const users = await times(8, () => client.call("GET /user/me"))
    expect(new Set(users.map(({ id }) => id)).size).toBe(1)
    expect(renewals).toBe(1)
    expect((await tokens.get())?.token).not.toBe("dead")
  })

  test("are renewed once before their end, so that the service refuses no call", async () => {
    const { tokens } = await signedIn(app)
    const live = await tokens.get()
    expect(live?.renewAt).toBeGreaterThan(Date.now())
    tokens.set({ ...(live as Tokens), renewAt: Date.now() })
    const answers: string[] = []
    const noting: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      answers.push(`${new URL(String(input)).pathname} ${response.status}`)
      return response
    }
    const client = newClient(app, { tokens, fetch: noting })
    await times(3, () => client.call("GET /user/me"))
    expect(answers).toEqual(["/auth/refresh 200", "/user/me 200", "/user/me 200", "/user/me 200"])
    expect((await tokens.get())?.renewAt).toBeGreaterThan(Date.now())
  })

  test("whose end is near are used where they can't be renewed", async () => {
    const { tokens } = await signedIn(app)
    const ending = { ...((await tokens.get()) as Tokens), renewAt: Date.now() }
    tokens.set(ending)
    const away: typeof fetch = (input, init) =>
      String(input).endsWith("/auth/refresh") ? Promise.reject(new TypeError("away")) : fetch(input, init)
    await newClient(app, { tokens, fetch: away }).call("GET /user/me")
    expect(await tokens.get()).toEqual(ending)
  })

  test("that can't be renewed end the session, and the call fails", async () => {
    const { tokens } = await signedIn(app)
    tokens.set(dead)
    let signedOut = 0
    const client = newClient(app, { tokens, onSignedOut: () => signedOut++ })
    await expect(client.call("GET /user/me")).rejects.toMatchObject({ status: 401, code: "unauthenticated" })
    expect(signedOut).toBe(1)
    expect(await tokens.get()).toBeNull()
  })

  test("stay when the service is down while they are renewed", async () => {
    const { tokens } = await signedIn(app)
    tokens.set(dead)
    const away: typeof fetch = (input, init) =>
      String(input).endsWith("/auth/refresh")
        ? Promise.resolve(new Response("", { status: 503 }))
        : fetch(input, init)
    const client = newClient(app, { tokens, fetch: away })
    await expect(client.call("GET /user/me")).rejects.toMatchObject({ status: 503 })
    expect(await tokens.get()).toEqual(dead)
  })

  test.each([
    ["renewed", null],
    ["refused", { token: "another's", refreshToken: "another's" }],
  ])("that somebody has changed while they are %s stay so", async (answer, changed) => {
    const { tokens } = await signedIn(app)
    const refreshToken = answer === "renewed" ? ((await tokens.get())?.refreshToken as string) : "dead"
    tokens.set({ token: "dead", refreshToken })
    let signedOut = 0
    const meanwhile: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (String(input).endsWith("/auth/refresh")) tokens.set(changed)
      return response
    }
    const client = newClient(app, { tokens, fetch: meanwhile, onSignedOut: () => signedOut++ })
    await expect(client.call("GET /user/me")).rejects.toMatchObject({ status: 401 })
    expect(await tokens.get()).toEqual(changed)
    expect(signedOut).toBe(0)
  })

  test("stay after a wrong code, which signs nobody out", async () => {
    const { client, tokens, mobileNumber } = await signedIn(app)
    const wrong = client.call("POST /auth/verify-otp", { body: { mobileNumber, otp: "000000" } })
    await expect(wrong).rejects.toMatchObject({ code: "otp_invalid" })
    expect(await tokens.get()).not.toBeNull()
    expect((await client.call("GET /user/me")).mobileNumber).toBe(mobileNumber)
  })

  test("are forgotten by signing out", async () => {
    const { client, tokens } = await signedIn(app)
    await client.call("POST /auth/logout")
    expect(await tokens.get()).toBeNull()
  })

  test("can be kept in a storage, and nothing else with them", async () => {
    const items = new Map<string, string>()
    const storage = {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => void items.set(key, value),
      removeItem: (key: string) => void items.delete(key),
    }
    const { client } = await signedIn(app, { tokens: storageTokens(storage) })
    const kept = JSON.parse([...items.values()][0] as string)
    expect(Object.keys(kept).sort()).toEqual(["refreshToken", "renewAt", "token"])
    const again = newClient(app, { tokens: storageTokens(storage) })
    expect((await again.call("GET /user/me")).id).toBe((await client.call("GET /user/me")).id)
    await again.call("POST /auth/logout")
    expect(items.size).toBe(0)
  })
})

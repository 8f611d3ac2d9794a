import { randomUUID } from "node:crypto"
import { describe, expect, test } from "vitest"
import { expectProblem, readPages, times } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const app = useTestApp()
const ann = useUser(app)
const bob = useUser(app)

const createRoom = async (body: object = {}, user = ann) => (await user.http.post("/chatroom", body)).body

test("ids may be written in capitals", async () => {
  const room = await createRoom()
  const { body: prompt } = await ann.http.post(`/chatroom/${room.id.toUpperCase()}/message`, {
    message: "Hi",
  })
  const path = `/chatroom/${room.id.toUpperCase()}`
  expect((await ann.http.get(path)).body.messages).toHaveLength(2)
  const { status, body } = await ann.http.get(`${path}/message/${prompt.reply.id.toUpperCase()}`)
  expect([status, body.id]).toEqual([200, prompt.reply.id])
})

describe("creating a chatroom", () => {
  test("gives a room with the contract's fields", async () => {
    const { status, headers, body } = await ann.http.post("/chatroom", { name: "My First Chat" })
    expect(status).toBe(201)
    expect(headers.get("location")).toBe(`/chatroom/${body.id}`)
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{14}7/),
      name: "My First Chat",
      model: "gemini-3.8-flash",
      systemInstruction: null,
      context: "conversation",
      nameBy: "user",
      thinking: null,
      webSearch: false,
      urlContext: false,
      pinned: false,
      archivedAt: null,
      temporary: false,
      headId: null,
      lastMessageAt: null,
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: body.createdAt,
    })
  })

  test("needs no field at all", async () => {
    expect(await createRoom()).toMatchObject({ name: "New chat", nameBy: "default" })
  })

  test("takes model, system instruction and context", async () => {
    const fields = { model: "gemini-3.8-flash", systemInstruction: "Be brief.", context: "single" }
    expect(await createRoom(fields)).toMatchObject(fields)
  })

  test("takes every setting, which a change takes, too", async () => {
    const settings = { thinking: "high", webSearch: true, urlContext: true, pinned: true, temporary: true }
    const archivedAt = expect.stringMatching(/Z$/)
    expect(await createRoom({ ...settings, archived: true })).toMatchObject({ ...settings, archivedAt })
    const { id } = await createRoom()
    const changed = await ann.http.patch(`/chatroom/${id}`, { ...settings, archived: true })
    expect(changed.body).toMatchObject({ ...settings, archivedAt, nameBy: "default" })
    const back = await ann.http.patch(`/chatroom/${id}`, { archived: false, thinking: null, name: "Mine" })
    expect(back.body).toMatchObject({ archivedAt: null, thinking: null, pinned: true, nameBy: "user" })
  })

  test.each([
    ["an empty name", { name: "  " }],
    ["a number for a name", { name: 7 }],
    ["a name of 201 characters", { name: "x".repeat(201) }],
    ["NUL in the name", { name: "a\u0000b" }],
    ["an unknown context", { context: "all" }],
    ["a path for a model", { model: "../../v1/models/x" }],
    ["an unknown level of thinking", { thinking: "extreme" }],
    ["a time for archived", { archived: "2026-01-01" }],
    ["an unknown field", { title: "x" }],
  ])("refuses %s", async (_, body) => {
    const answer = await ann.http.post("/chatroom", body)
    expectProblem(answer, 400, "invalid_request")
    expect(answer.body.errors).toHaveLength(1)
  })

  test("with an Idempotency-Key makes one room, however often it is sent", async () => {
    const headers = { "Idempotency-Key": randomUUID() }
    const answers = await times(10, () => ann.http.post("/chatroom", { name: "once" }, { headers }))
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    const other = await ann.http.post("/chatroom", { name: "twice" }, { headers })
    expect(other).toMatchObject({ status: 422, body: { code: "idempotency_conflict" } })
    const strangers = await bob.http.post("/chatroom", { name: "twice" }, { headers })
    expect(strangers.status).toBe(201)
  })
})

describe("reading, changing and deleting a chatroom", () => {
  test("its owner reads it, with no messages yet", async () => {
    const room = await createRoom()
    const { status, body } = await ann.http.get(`/chatroom/${room.id}`)
    expect(status).toBe(200)
    expect(body).toEqual({ ...room, messages: [] })
  })

  test("its owner changes it", async () => {
    const room = await createRoom()
    const changed = await ann.http.patch(`/chatroom/${room.id}`, { name: "renamed", context: "single" })
    expect(changed).toMatchObject({ status: 200, body: { id: room.id, name: "renamed", context: "single" } })
    expect((await ann.http.get(`/chatroom/${room.id}`)).body.name).toBe("renamed")
  })

  test("a branch can only be switched to a reply of the room", async () => {
    const room = await createRoom()
    const refused = await ann.http.patch(`/chatroom/${room.id}`, { headId: randomUUID() })
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: "body.headId" }] } })
  })

  test("its owner deletes it", async () => {
    const room = await createRoom()
    expect((await ann.http.delete(`/chatroom/${room.id}`)).status).toBe(204)
    expect((await ann.http.get(`/chatroom/${room.id}`)).status).toBe(404)
    expect((await ann.http.delete(`/chatroom/${room.id}`)).status).toBe(404)
  })
})

describe("the list of chatrooms", () => {
  test("is cached, and never stale after a write by its user", async () => {
    const user = await signIn(app)
    const list = () => user.http.get("/chatroom")
    const cacheOf = async () => (await list()).headers.get("x-cache")
    const names = async () => (await list()).body.map((room: { name: string }) => room.name)

    expect(await cacheOf()).toBe("MISS")
    // Where Redis doesn't answer in time nothing is kept.
    await expect.poll(cacheOf).toBe("HIT")
    const first = await createRoom({ name: "first" }, user)
    expect(await names()).toEqual(["first"])
    await createRoom({ name: "second" }, user)
    expect(await names()).toEqual(["second", "first"])
    await user.http.patch(`/chatroom/${first.id}`, { name: "1st" })
    expect(await names()).toEqual(["second", "1st"])
    await user.http.post(`/chatroom/${first.id}/message`, { message: "hello" })
    expect(await names()).toEqual(["1st", "second"])
    await user.http.delete(`/chatroom/${first.id}`)
    expect(await names()).toEqual(["second"])
    await expect.poll(cacheOf).toBe("HIT")
  })

  test("answers 304 to the ETag that it gave", async () => {
    const user = await signIn(app)
    await createRoom({}, user)
    const first = await user.http.get("/chatroom")
    const headers = { "If-None-Match": first.headers.get("etag") as string }
    expect(await user.http.get("/chatroom", { headers })).toMatchObject({ status: 304, body: "" })
    await createRoom({}, user)
    expect((await user.http.get("/chatroom", { headers })).status).toBe(200)
  })

  test("is paged by a cursor, every room once, newest activity first", async () => {
    const user = await signIn(app)
    const made = []
    for (let i = 0; i < 7; i++) made.unshift((await createRoom({ name: `room ${i}` }, user)).name)
    const pages = await readPages(user.http, "/chatroom?limit=3")
    expect(pages.flatMap((page) => page.map((room: { name: string }) => room.name))).toEqual(made)
  })

  test("has pinned rooms first, whatever happens in the others, and no archived ones", async () => {
    const user = await signIn(app)
    const names = async (path: string) =>
      (await readPages(user.http, path)).flat().map(({ name }: { name: string }) => name)
    const rooms: { id: string; name: string }[] = []
    for (const name of ["a", "b", "c", "d", "e"]) rooms.push(await createRoom({ name }, user))
    const change = (name: string, body: object) =>
      user.http.patch(`/chatroom/${rooms.find((room) => room.name === name)?.id}`, body)
    for (const name of ["a", "c", "d"]) await change(name, { pinned: true })
    for (const name of ["b", "d"]) await change(name, { archived: true })
    for (const limit of [50, 2, 1]) {
      expect(await names(`/chatroom?limit=${limit}`)).toEqual(["c", "a", "e"])
      expect(await names(`/chatroom?limit=${limit}&archived=true`)).toEqual(["d", "b"])
      expect(await names(`/chatroom?limit=${limit}&archived=false`)).toEqual(["c", "a", "e"])
    }
    // A prompt brings an archived room back.
    expect((await user.http.post(`/chatroom/${rooms[1]?.id}/message`, { message: "hi" })).status).toBe(202)
    expect(await names("/chatroom")).toEqual(["c", "a", "b", "e"])
    await change("a", { pinned: false })
    await change("d", { archived: false })
    expect(await names("/chatroom?limit=2")).toEqual(["d", "c", "b", "e", "a"])
    expect(await names("/chatroom?archived=true")).toEqual([])
  })

  test("takes a cursor of before there were pinned rooms", async () => {
    const user = await signIn(app)
    const older = await createRoom({ name: "older" }, user)
    const newer = await createRoom({ name: "newer" }, user)
    await createRoom({ name: "pinned", pinned: true }, user)
    const [{ activity_at }] = await app.query("SELECT activity_at FROM chatrooms WHERE id = $1", newer.id)
    const cursor = Buffer.from(JSON.stringify([activity_at, newer.id])).toString("base64url")
    const { body } = await user.http.get(`/chatroom?cursor=${cursor}`)
    expect(body.map(({ id }: { id: string }) => id)).toEqual([older.id])
  })

  test.each(["archived=1", "archived=", "archived=TRUE", "archived=true&archived=true"])(
    "refuses ?%s",
    async (query) => {
      expectProblem(await ann.http.get(`/chatroom?${query}`), 400, "invalid_request")
    },
  )

  const encode = (json: string) => `cursor=${Buffer.from(json).toString("base64url")}`
  test.each([
    "limit=0",
    "limit=101",
    "limit=ten",
    "limit=1&limit=2",
    "cursor=",
    "cursor=AAAA",
    encode('["2026-01-01T00:00:00.000Z","x"]'),
    encode('["0000-01-01T00:00:00.000Z","ffffffff-ffff-ffff-ffff-ffffffffffff"]'),
    encode('[2,"2026-01-01T00:00:00.000Z","ffffffff-ffff-ffff-ffff-ffffffffffff"]'),
    encode('[true,"2026-01-01T00:00:00.000Z","ffffffff-ffff-ffff-ffff-ffffffffffff"]'),
    encode('{"__proto__":1}'),
    "offset=3",
  ])("refuses ?%s", async (query) => {
    expectProblem(await ann.http.get(`/chatroom?${query}`), 400, "invalid_request")
  })
})

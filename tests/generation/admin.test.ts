import { randomUUID } from "node:crypto"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type SignedIn, signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { ask, createRoom, finalReply, makePro, promptsUsed, send } from "../helpers/chat.ts"

const TOKEN = "an-admin-token-that-is-long-enough-to-be-one"

let app: TestApp
let ann: SignedIn

beforeAll(async () => {
  app = await startTestApp({ config: { admin: { token: TOKEN } } })
  ann = await signIn(app)
})
afterAll(() => app.close())

const retry = (id: string, token?: string) =>
  app.http.post(`/admin/replies/${id}/retry`, undefined, { token })

test("failed replies are listed with reason and attempts, and can be made once more", async () => {
  const room = await createRoom(app, ann)
  app.gemini.script({ directive: "key-invalid", text: "try again", calls: 1 })
  const failed = await ask(app, ann, room, "try again")
  expect(failed.error.code).toBe("misconfigured")
  const { body } = await app.http.get("/admin/replies?limit=1", { token: TOKEN })
  expect(body).toEqual([
    expect.objectContaining({
      id: failed.id,
      userId: ann.user.id,
      error: failed.error,
      attempts: 1,
      failures: 0,
      takeovers: 0,
    }),
  ])
  expect(JSON.stringify(body)).not.toContain("try again")
  expect(await retry(failed.id, TOKEN)).toMatchObject({
    status: 202,
    body: { id: failed.id, status: "queued" },
  })
  expect(await finalReply(app, ann, failed)).toMatchObject({ status: "completed", error: null })
  expect(await retry(failed.id, TOKEN)).toMatchObject({ status: 404 })
  expect(await promptsUsed(app, ann)).toBe(0)
})

test("a retry keeps the order of its room", async () => {
  const user = await signIn(app)
  await makePro(app, user)
  const room = await createRoom(app, user)
  app.gemini.script({ directive: "blocked", text: "older", calls: 1 })
  const older = await ask(app, user, room, "older")
  const running = (await send(app, user, room, "[[gemini: chunks=8 delay=40]] running")).body.reply
  const waiting = (await send(app, user, room, "waiting")).body.reply
  expect((await retry(older.id, TOKEN)).status).toBe(202)
  const ends = await Promise.all([running, older, waiting].map((reply) => finalReply(app, user, reply)))
  expect(ends.map(({ status }) => status)).toEqual(["completed", "completed", "completed"])
  const times = ends.map(({ completedAt }) => Date.parse(completedAt))
  expect(times).toEqual([...times].sort((a, b) => a - b))
})

test("only the admin token opens it", async () => {
  for (const token of [undefined, ann.token, `${TOKEN}x`, "x"]) {
    expect(await app.http.get("/admin/replies", { token })).toMatchObject({
      status: 401,
      body: { code: "unauthenticated" },
    })
    expect((await retry(randomUUID(), token)).status).toBe(401)
  }
  const closed = await startTestApp({ beside: app, worker: false, config: { admin: { token: null } } })
  for (const token of [TOKEN, "null", "undefined"])
    expect((await closed.http.get("/admin/replies", { token })).status).toBe(401)
  await closed.close()
  expect((await retry(randomUUID(), TOKEN)).status).toBe(404)
  expect((await retry("x", TOKEN)).status).toBe(400)
})

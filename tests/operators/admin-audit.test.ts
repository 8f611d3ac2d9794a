import { randomUUID } from "node:crypto"
import { expect, test } from "vitest"
import { Environment } from "../../src/config/environment.ts"
import { readPages, until } from "../helpers/answers.ts"
import { ADMIN_TOKEN, signIn } from "../helpers/app.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const app = useTestApp()
const ann = useUser(app)

const newest = async (limit = 1) => (await app.admin.get(`/admin/audit?limit=${limit}`)).body

test("every action is logged with actor, action, target, time, request and outcome", async () => {
  const { id } = ann.user
  const requestId = `audit-${randomUUID()}`
  await app.admin.post(`/admin/users/${id}/suspend`, undefined, { headers: { "X-Request-Id": requestId } })
  expect(await newest()).toEqual([
    {
      id: expect.any(String),
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      actor: "admin_token",
      action: "suspend_user",
      targetId: id,
      requestId,
      address: "127.0.0.1",
      outcome: "ok",
    },
  ])
  const gone = randomUUID()
  await app.admin.post(`/admin/users/${gone}/unsuspend`, undefined)
  expect(await newest()).toMatchObject([{ action: "unsuspend_user", targetId: gone, outcome: "not_found" }])
  await app.admin.post("/admin/users/search", { mobileNumber: ann.mobileNumber })
  const [found] = await newest()
  expect(found).toMatchObject({ action: "search_user", targetId: id, outcome: "ok" })
  expect(JSON.stringify(await newest(100))).not.toContain(ann.mobileNumber.slice(1))
  await app.admin.post(`/admin/users/${id}/unsuspend`, undefined)
  await app.http.post("/admin/session", { token: ADMIN_TOKEN })
  expect(await newest()).toMatchObject([{ action: "sign_in", outcome: "ok" }])
})

test("a retry of a reply is logged, too", async () => {
  const user = await signIn(app)
  const reply = await ask(app, user, await createRoom(app, user), "[[gemini: blocked]] no")
  await app.admin.post(`/admin/replies/${reply.id}/retry`, undefined)
  expect(await newest()).toMatchObject([{ action: "retry_reply", targetId: reply.id, outcome: "ok" }])
})

test("entries can't be changed or deleted", async () => {
  await app.admin.get(`/admin/users/${ann.user.id}`)
  const [entry] = await newest()
  for (const statement of [
    "DELETE FROM admin_audit",
    "TRUNCATE admin_audit",
    "UPDATE admin_audit SET outcome = 'begun'",
    "UPDATE admin_audit SET actor = 'nobody'",
    "UPDATE admin_audit SET outcome = 'failed'",
  ])
    await expect(app.pool.query(statement), statement).rejects.toThrow("append-only")
  expect(await newest()).toEqual([entry])
})

test("an action that can't be logged isn't done", async () => {
  const user = await signIn(app)
  await app.query("ALTER TABLE admin_audit RENAME TO admin_audit_away")
  const answer = await app.admin.post(`/admin/users/${user.user.id}/suspend`, undefined)
  await app.query("ALTER TABLE admin_audit_away RENAME TO admin_audit")
  expect(answer.status).toBe(500)
  expect((await user.http.get("/user/me")).status).toBe(200)
})

test("the log is read page by page", async () => {
  for (let i = 0; i < 3; i++) await app.admin.get(`/admin/users/${ann.user.id}`)
  const all = await newest(3)
  const pages = await readPages(app.admin, "/admin/audit?limit=1", 3)
  expect(pages.flat()).toEqual(all)
  expect((await app.admin.get("/admin/audit?cursor=x")).status).toBe(400)
})

test("the state of the service holds no secret", async () => {
  // A reply that was retried may still be in flight, and a store that answers slowly is shown as down.
  const body = await until(async () => {
    const { status, body } = await app.admin.get("/admin/system")
    expect(status).toBe(200)
    expect(body).toMatchObject({
      health: { database: "up", queue: "up" },
      queues: { replies: { active: 0 }, billing: {} },
      config: { GEMINI_MODEL: "gemini-3.8-flash", ADMIN_TOKEN: "set" },
      migration: expect.stringMatching(/^\d{4}-/),
    })
    return body
  })
  const { jwt, gemini, stripe, database } = app.ctx.config
  for (const secret of [ADMIN_TOKEN, jwt.secret, gemini.apiKey, stripe.secretKey, database.url])
    expect(JSON.stringify(body)).not.toContain(secret)
  // An operator looks a setting up by the name that it has there.
  expect(Object.keys(body.config).filter((name) => !(name in Environment.shape))).toEqual([])
})

test("the state of the service names the workers that live, and not one that was killed", async () => {
  const [live, killed] = [randomUUID(), randomUUID()]
  await app.ctx.db.pool.query(
    "INSERT INTO workers (id, seen_at) VALUES ($1, now()), ($2, now() - $3 * interval '1 millisecond')",
    [live, killed, app.ctx.timing.worker.aliveMs],
  )
  const { workers } = (await app.admin.get("/admin/system")).body
  const ids = workers.map(({ id }: { id: string }) => id)
  expect(ids).toContain(live)
  expect(ids).not.toContain(killed)
})

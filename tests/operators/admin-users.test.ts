import { randomUUID } from "node:crypto"
import { describe, expect, test } from "vitest"
import { isLive, PASSWORD, sendResetCode, signInWithPassword } from "../helpers/accounts.ts"
import { expectProblem, times } from "../helpers/answers.ts"
import { ADMIN_TOKEN, newMobileNumber, type SignedIn, signIn } from "../helpers/app.ts"
import { ask, createRoom, finalReply, makePro, send, statusOf } from "../helpers/chat.ts"
import { useTestApp } from "../helpers/use-app.ts"

const app = useTestApp()
const other = useTestApp({ beside: app, worker: false })

const act = (user: SignedIn, what: string, body?: unknown) =>
  app.admin.post(`/admin/users/${user.user.id}/${what}`, body)

describe("finding", () => {
  test("a user by number and by id gives quota, tier and the reason", async () => {
    const user = await signIn(app)
    await ask(app, user, await createRoom(app, user), "one prompt")
    const found = await app.admin.post("/admin/users/search", { mobileNumber: user.mobileNumber })
    expect(found).toMatchObject({
      status: 200,
      body: {
        id: user.user.id,
        mobileNumber: user.mobileNumber,
        role: "user",
        suspendedAt: null,
        openSessions: 1,
        chatrooms: 1,
        unfinishedReplies: 0,
        quota: { used: 1, limit: 5, remaining: 4 },
        usage: { prompts: 1, cost: { amount: expect.stringMatching(/^0\.0/), currency: "USD" } },
        entitlement: { tier: "basic", reason: "no_subscription" },
      },
    })
    expect(JSON.stringify(found.body)).not.toContain("one prompt")
    expect((await app.admin.get(`/admin/users/${user.user.id}`)).body).toEqual(found.body)
    await makePro(app, user)
    expect((await app.admin.get(`/admin/users/${user.user.id}`)).body).toMatchObject({
      quota: { limit: null, remaining: null },
      entitlement: { tier: "pro" },
    })
  })

  test("an unknown user is 404, and an invalid number 400", async () => {
    const search = (mobileNumber: string) => app.admin.post("/admin/users/search", { mobileNumber })
    expect((await search(newMobileNumber())).status).toBe(404)
    expect((await search("hello")).status).toBe(400)
    expect((await app.admin.get(`/admin/users/${randomUUID()}`)).status).toBe(404)
  })

  test("a deleted user has neither number nor quota", async () => {
    const user = await signIn(app)
    // Without a worker's or another's clean-up in between: what is left is looked at at once.
    await app.query("UPDATE users SET deleted_at = now(), mobile_number = NULL WHERE id = $1", user.user.id)
    const { status, body } = await app.admin.get(`/admin/users/${user.user.id}`)
    if (status !== 404) expect(body).toMatchObject({ mobileNumber: null, quota: null, entitlement: null })
  })
})

describe("suspending", () => {
  test("ends tokens in every process, and leaves no way to sign in", async () => {
    const user = await signInWithPassword(app)
    const { mobileNumber, token, refreshToken } = user
    const logIn = { mobileNumber, password: PASSWORD }
    const code = await sendResetCode(app, mobileNumber)
    expect((await act(user, "suspend")).body.suspendedAt).not.toBeNull()
    expect(await isLive(app, token)).toBe(false)
    await expect.poll(() => isLive(other, token)).toBe(false)
    expect((await app.http.post("/auth/refresh", { refreshToken })).status).toBe(401)
    expectProblem(await app.http.post("/auth/login", logIn), 401, "credentials_invalid")
    expectProblem(await app.http.post("/auth/verify-otp", { mobileNumber, otp: code }), 401, "otp_invalid")

    expect((await act(user, "unsuspend")).body.suspendedAt).toBeNull()
    expect(await isLive(app, token)).toBe(false)
    expect((await app.http.post("/auth/login", logIn)).status).toBe(200)
  })

  test("of sign-ins at the same moment none is left", async () => {
    const user = await signInWithPassword(app)
    const logIn = { mobileNumber: user.mobileNumber, password: PASSWORD }
    const [suspended, answers] = await Promise.all([
      act(user, "suspend"),
      times(12, () => other.http.post("/auth/login", logIn)),
    ])
    expect(suspended.status).toBe(200)
    const open = "SELECT 1 FROM sessions WHERE user_id = $1 AND ended_at IS NULL"
    expect(await app.query(open, user.user.id)).toEqual([])
    for (const { body } of answers.filter(({ status }) => status === 200))
      await expect.poll(() => isLive(other, body.token)).toBe(false)
  })

  test("cancels unfinished replies, those that run and those that wait", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    const running = (await send(app, user, room, "[[gemini: drip]] a long one")).body.reply
    const waiting = (await send(app, user, room, "and another")).body.reply
    await expect.poll(() => statusOf(app, running)).toBe("running")
    await act(user, "suspend")
    await expect.poll(() => statusOf(app, running)).toBe("cancelled")
    await expect.poll(() => statusOf(app, waiting)).toBe("cancelled")
  })

  test("keeps what there is: unsuspended, the user goes on in their rooms", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    await ask(app, user, room, "before")
    await act(user, "suspend")
    await act(user, "unsuspend")
    await app.query("UPDATE one_time_codes SET resend_at = now()")
    const again = await signIn(app, { mobileNumber: user.mobileNumber })
    const { reply } = (await send(app, again, room, "after")).body
    expect((await finalReply(app, again, reply)).status).toBe("completed")
  })

  test("of an unknown user is 404", async () => {
    for (const what of ["suspend", "unsuspend"])
      expect((await app.admin.post(`/admin/users/${randomUUID()}/${what}`, undefined)).status).toBe(404)
  })
})

describe("the role admin", () => {
  test("lets a user do what the token does, but for making others; taken back, it is gone at once", async () => {
    const boss = await signIn(app)
    const user = await signIn(app)
    const asBoss = { token: boss.token }
    const path = `/admin/users/${user.user.id}`
    expect((await app.http.get(path, asBoss)).status).toBe(401)
    expect((await act(boss, "role", { role: "admin" })).body.role).toBe("admin")
    expect((await app.http.get(path, asBoss)).status).toBe(200)
    expect(await app.http.post(`${path}/role`, { role: "admin" }, asBoss)).toMatchObject({
      status: 403,
      body: { code: "forbidden" },
    })
    const { body } = await app.http.get("/admin/audit?limit=1", asBoss)
    expect(body[0]).toMatchObject({ actor: boss.user.id, action: "set_role", outcome: "forbidden" })
    await act(boss, "role", { role: "user" })
    expect((await app.http.get(path, asBoss)).status).toBe(401)
    expect((await act(boss, "role", { role: "king" })).status).toBe(400)
  })

  test("a suspended admin is none", async () => {
    const boss = await signIn(app)
    await act(boss, "role", { role: "admin" })
    await act(boss, "suspend")
    expect((await boss.http.get("/admin/system")).status).toBe(401)
  })
})

/** The queue board is another project's, and none of the rows that the abuse suite tries. */
test.each([
  ["GET", "/admin/queues/"],
  ["GET", "/admin/queues/api/queues"],
  ["PUT", "/admin/queues/api/queues/gemini-queue/pause"],
])("%s %s is closed to users and strangers", async (method, path) => {
  const user = await signIn(app)
  for (const token of ["", user.token, user.refreshToken, `${ADMIN_TOKEN}x`]) {
    const headers = { Accept: "application/json", ...(token && { Authorization: `Bearer ${token}` }) }
    const answer = await fetch(app.url + path, { method, headers, redirect: "manual" })
    expect(answer.status).toBe(401)
    await answer.body?.cancel()
  }
})

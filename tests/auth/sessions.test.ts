import jwt from "jsonwebtoken"
import { describe, expect, test, vi } from "vitest"
import { authenticateToken, isSessionLive } from "../../src/services/auth/authenticate-token.ts"
import { encodeCursor } from "../../src/utils/cursor.ts"
import { newId } from "../../src/utils/ids.ts"
import { isLive, PASSWORD, sendResetCode } from "../helpers/accounts.ts"
import { expectProblem, readPages, until } from "../helpers/answers.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"

const app = useTestApp({ worker: false })
/** Another process of the same service. */
const other = useTestApp({ worker: false, beside: app })

describe("GET /auth/sessions", () => {
  const list = (token: string | undefined, query = "") => app.http.get(`/auth/sessions${query}`, { token })

  test("lists the user's own, newest first", async () => {
    const first = await signIn(app)
    const second = await signIn(app, { mobileNumber: first.mobileNumber })
    await signIn(app)
    const answer = await list(first.token)
    expect(answer.status).toBe(200)
    expect(answer.body.map((session: { current: boolean }) => session.current)).toEqual([false, true])
    const origin = { openedBy: "otp", userAgent: "node", address: "127.0.0.1" }
    const times = {
      createdAt: expect.any(String),
      lastUsedAt: expect.any(String),
      expiresAt: expect.any(String),
    }
    expect(answer.body[1]).toEqual({ id: idOf(first.token), current: true, ...origin, ...times })
    expect(answer.body[0].id).toBe(idOf(second.token))
  })

  test("leaves out what has ended or expired", async () => {
    const first = await signIn(app)
    const second = await signIn(app, { mobileNumber: first.mobileNumber })
    const third = await signIn(app, { mobileNumber: first.mobileNumber })
    await second.http.post("/auth/logout")
    await app.query("UPDATE sessions SET expires_at = now() WHERE id = $1", idOf(third.token))
    expect((await list(first.token)).body).toHaveLength(1)
  })

  test("comes in pages, also of sessions of one moment", async () => {
    const { http, token, user } = await signIn(app)
    await app.query(
      `INSERT INTO sessions (id, user_id, opened_by, expires_at, created_at)
       SELECT gen_random_uuid(), $1, 'otp', now() + interval '1 day', date_trunc('minute', now()) - n / 4 * interval '1 hour'
       FROM generate_series(1, 22) AS n`,
      user.id,
    )
    const pages = await readPages(http, "/auth/sessions?limit=5")
    expect(pages.map((page) => page.length)).toEqual([5, 5, 5, 5, 3])
    expect(pages.flat()).toEqual((await list(token)).body)
    expect(new Set(pages.flat().map(({ id }) => id)).size).toBe(23)
  })

  test.each([
    "?limit=0",
    "?limit=101",
    "?limit=x",
    "?limit=1&limit=2",
    "?cursor=",
    "?cursor=x",
    `?cursor=${encodeCursor(["now", newId()])}`,
    `?cursor=${encodeCursor([new Date().toISOString(), "x'; DROP TABLE users --"])}`,
    `?cursor=${encodeCursor([new Date().toISOString(), newId(), "more"])}`,
    "?unknown=1",
  ])("refuses %s", async (query) => {
    expectProblem(await list((await signIn(app)).token, query), 400, "invalid_request")
  })
})

describe("DELETE /auth/sessions/:id", () => {
  const end = (token: string | undefined, id: string) => app.http.delete(`/auth/sessions/${id}`, { token })

  test("ends that session and no other", async () => {
    const first = await signIn(app)
    const second = await signIn(app, { mobileNumber: first.mobileNumber })
    expect((await end(first.token, idOf(second.token))).status).toBe(204)
    expect([await isLive(app, first.token), await isLive(app, second.token)]).toEqual([true, false])
    expectProblem(await end(first.token, idOf(second.token)), 404, "not_found")
  })
})

describe("POST /auth/logout", () => {
  test("ends the session at once", async () => {
    const { token } = await signIn(app)
    expect((await app.http.post("/auth/logout", undefined, { token })).status).toBe(204)
    expectProblem(await app.http.get("/user/me", { token }), 401, "unauthenticated")
    expectProblem(await app.http.post("/auth/logout", undefined, { token }), 401, "unauthenticated")
  })
})

/**
 * Waits until `other` refuses the token.
 * @returns how long after `endedAt` the last request was sent that it still took: what comes later than promised must
 * be refused, however late this process itself comes to ask
 */
async function takenFor(token: string, endedAt: number): Promise<number> {
  let lastTakenAt = endedAt
  await until(async () => {
    const askedAt = performance.now()
    const { status } = await other.http.get("/user/me", { token })
    if (status === 200) lastTakenAt = askedAt
    expect(status).toBe(401)
  })
  return lastTakenAt - endedAt
}

describe("in another process a token is dead within a second", () => {
  type User = Awaited<ReturnType<typeof signIn>>
  const ways: [string, (user: User) => Promise<unknown>][] = [
    ["of logging out", ({ token }) => app.http.post("/auth/logout", undefined, { token })],
    ["of being deleted", ({ token }) => app.http.delete("/user/me", { token })],
    [
      "of a reset password",
      async ({ mobileNumber }) => {
        const otp = await sendResetCode(app, mobileNumber)
        await app.http.post("/auth/reset-password", { mobileNumber, otp, newPassword: PASSWORD })
      },
    ],
    [
      "of a password changed in another session",
      async ({ mobileNumber }) => {
        const { token } = await signIn(app, { mobileNumber })
        await app.http.post("/auth/change-password", { newPassword: PASSWORD }, { token })
      },
    ],
  ]
  test.each(ways)("%s", async (_, end) => {
    const user = await signIn(app)
    expect(await isLive(other, user.token)).toBe(true)
    await end(user)
    expect(await takenFor(user.token, performance.now())).toBeLessThan(1_000)
  })
})

test("sessions that ended before a process started are dead there", async () => {
  const { token } = await signIn(app)
  await app.http.post("/auth/logout", undefined, { token })
  await using late = await startTestApp({ worker: false, beside: app })
  expect(await isLive(late, token)).toBe(false)
})

describe("a token is dead within a second also in a process that receives no revocations", () => {
  test("as its connection is frozen, and receives them again afterwards", async () => {
    const [ended, going] = [await signIn(app), await signIn(app)]
    await expect.poll(() => other.ctx.revocations.isCurrent()).toBe(true)
    // Its poll waits as if its connection were frozen; sessions themselves can be read.
    const locker = await app.pool.connect()
    await locker.query("BEGIN")
    await locker.query("LOCK TABLE session_revocations IN ACCESS EXCLUSIVE MODE")
    try {
      expect(await isLive(other, ended.token)).toBe(true)
      // The row alone: its notice can't be written, either.
      await app.query("UPDATE sessions SET ended_at = now() WHERE id = $1", idOf(ended.token))
      expect(await takenFor(ended.token, performance.now())).toBeLessThan(1_000)
      expect(await isLive(other, going.token)).toBe(true)
    } finally {
      await locker.query("ROLLBACK")
      locker.release()
    }
    await expect.poll(() => other.ctx.revocations.isCurrent()).toBe(true)
  })

  test("as its connection is cut", async () => {
    const { token } = await signIn(app)
    // One that didn't answer in time was given up, and another takes its place.
    for (const { ctx } of [app, other]) await expect.poll(() => ctx.revocations.isCurrent()).toBe(true)
    const { rowCount } = await app.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND query LIKE '%ARRAY(SELECT session_id FROM session_revocations%'
         AND pid <> pg_backend_pid()`,
    )
    expect(rowCount).toBeGreaterThanOrEqual(2)
    await app.http.post("/auth/logout", undefined, { token })
    expect(await takenFor(token, performance.now())).toBeLessThan(1_000)
  })
})

test("sessions are read from the database while the process receives no revocations", async () => {
  const { token } = await signIn(app)
  const ended = await signIn(app)
  // The row alone: this process receives no notice of it.
  await app.query("UPDATE sessions SET ended_at = now() WHERE id = $1", idOf(ended.token))
  const isCurrent = vi.spyOn(app.ctx.revocations, "isCurrent").mockReturnValue(true)
  try {
    expect(await isLive(app, ended.token)).toBe(true)
    isCurrent.mockReturnValue(false)
    expect(await isLive(app, token)).toBe(true)
    expect(await isLive(app, ended.token)).toBe(false)
    const down = vi.spyOn(app.pool, "connect").mockRejectedValue(new Error("database is down") as never)
    expectProblem(await app.http.get("/user/me", { token }), 503, "unavailable")
    down.mockRestore()
  } finally {
    isCurrent.mockRestore()
  }
})

test("sessions end streams when they end, and when the token expires", async () => {
  const { token } = await signIn(app)
  const caller = await authenticateToken(app.ctx, token)
  expect(isSessionLive(app.ctx, caller)).toBe(true)
  expect(isSessionLive(app.ctx, { ...caller, expiresAt: Math.floor(Date.now() / 1000) - 1 })).toBe(false)
  await app.http.post("/auth/logout", undefined, { token })
  expect(isSessionLive(app.ctx, caller)).toBe(false)
})

function idOf(token: string): string {
  return (jwt.decode(token) as { sid: string }).sid
}

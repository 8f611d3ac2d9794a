import { describe, expect, test } from "vitest"
import { isLive } from "../helpers/accounts.ts"
import { count, expectProblem, times } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"

describe("POST /auth/refresh", () => {
  const app = useTestApp({ worker: false })

  const refresh = (refreshToken: unknown) => app.http.post("/auth/refresh", { refreshToken })
  const changeSession = (userId: string, set: string) =>
    app.query(`UPDATE sessions SET ${set} WHERE user_id = $1`, userId)
  const SESSION = `
    SELECT generation, ended_at IS NOT NULL AS ended, round(extract(epoch FROM expires_at - now()) / 3600) AS hours
    FROM sessions WHERE user_id = $1`
  const sessionOf = async (userId: string) => (await app.query(SESSION, userId))[0]

  test("gives a new pair", async () => {
    const first = await signIn(app)
    const second = await refresh(first.refreshToken)
    expect(second.status).toBe(200)
    expect(second.body).toMatchObject({ tokenType: "Bearer", expiresIn: 900, user: { id: first.user.id } })
    expect(second.body.refreshToken).not.toBe(first.refreshToken)
    expect(await isLive(app, second.body.token)).toBe(true)
    expect((await refresh(second.body.refreshToken)).status).toBe(200)
    expect(await sessionOf(first.user.id)).toMatchObject({ generation: 2, ended: false })
  })

  test("gives 20 calls at once one successor, and ends no session", async () => {
    const { refreshToken, user } = await signIn(app)
    const answers = await times(20, () => refresh(refreshToken))
    expect(count(answers, 200)).toBe(20)
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1)
    expect(await sessionOf(user.id)).toMatchObject({ generation: 1, ended: false })
    expect((await refresh(answers[0]?.body.refreshToken)).status).toBe(200)
  })

  test("gives the old token its successor again for ten seconds, and ends the session after that", async () => {
    const first = await signIn(app)
    const second = (await refresh(first.refreshToken)).body
    await changeSession(first.user.id, "rotated_at = now() - interval '9 seconds'")
    const again = await refresh(first.refreshToken)
    const rows = await app.query(
      "SELECT now() < rotated_at + interval '10 seconds' AS early FROM sessions WHERE user_id = $1",
      first.user.id,
    )
    // Late it is only where the machine has stopped for a second meanwhile.
    if (rows[0].early) expect(again.body.refreshToken).toBe(second.refreshToken)
    await changeSession(first.user.id, "rotated_at = now() - interval '11 seconds'")
    expectProblem(await refresh(first.refreshToken), 401, "refresh_token_invalid")
    expectProblem(await refresh(second.refreshToken), 401, "refresh_token_invalid")
    expect([await isLive(app, first.token), await isLive(app, second.token)]).toEqual([false, false])
    expect(app.logs()).toContain("refresh_token_reused")
  })

  test("ends the session for a token from before the last, also in the ten seconds", async () => {
    const first = await signIn(app)
    const second = (await refresh(first.refreshToken)).body
    await refresh(second.refreshToken)
    expectProblem(await refresh(first.refreshToken), 401, "refresh_token_invalid")
    expect(await sessionOf(first.user.id)).toMatchObject({ ended: true })
  })

  test("leaves the user's other sessions alone when one is ended", async () => {
    const stolen = await signIn(app)
    const other = await signIn(app, { mobileNumber: stolen.mobileNumber })
    await refresh((await refresh(stolen.refreshToken)).body.refreshToken)
    await refresh(stolen.refreshToken)
    expect([await isLive(app, stolen.token), await isLive(app, other.token)]).toEqual([false, true])
  })

  test("keeps a session for 30 days after the last time, and for 90 at most", async () => {
    const { refreshToken, user } = await signIn(app)
    expect(await sessionOf(user.id)).toMatchObject({ hours: String(30 * 24) })
    const aged = "created_at = now() - interval '70 days', expires_at = now() + interval '1 minute'"
    await changeSession(user.id, aged)
    const second = (await refresh(refreshToken)).body
    expect(await sessionOf(user.id)).toMatchObject({ hours: String(20 * 24) })
    await changeSession(user.id, "expires_at = now() - interval '1 second'")
    expectProblem(await refresh(second.refreshToken), 401, "refresh_token_invalid")
    expect(await sessionOf(user.id)).toMatchObject({ ended: false })
  })

  test("refuses a session that was logged out", async () => {
    const { token, refreshToken } = await signIn(app)
    await app.http.post("/auth/logout", undefined, { token })
    expectProblem(await refresh(refreshToken), 401, "refresh_token_invalid")
  })

  test("refuses an access token, a forged one and another session's signature", async () => {
    const [one, two] = [await signIn(app), await signIn(app)]
    const [id, , signature] = two.refreshToken.split(".")
    const mixed = [one.refreshToken.split(".")[0], "0", signature].join(".")
    const forged = [mixed, `${id}.1.${signature}`, one.refreshToken.toUpperCase(), "a.b.c", " "]
    for (const token of [one.token, ...forged])
      expectProblem(await refresh(token), 401, "refresh_token_invalid")
    expect((await refresh(two.refreshToken)).status).toBe(200)
  })

  test.each([undefined, null, 5, "", "x".repeat(501)])("refuses %j", async (token) => {
    expectProblem(await refresh(token), 400, "invalid_request")
  })
})

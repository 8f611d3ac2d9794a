import bcrypt from "bcrypt"
import { describe, expect, onTestFinished, test } from "vitest"
import { MINUTE } from "../../src/utils/time.ts"
import { isLive, PASSWORD, sendCode, sendResetCode, signInWithPassword, wrong } from "../helpers/accounts.ts"
import { count, expectProblem, times } from "../helpers/answers.ts"
import { newMobileNumber, signIn } from "../helpers/app.ts"
import { setAppNow } from "../helpers/clock.ts"
import { useTestApp } from "../helpers/use-app.ts"

/** Eight bytes, seventy-two bytes, and one off on either side; the letters have one, two and four. */
const TOO_SHORT = ["a".repeat(7), "é".repeat(3)]
const TOO_LONG = ["a".repeat(73), "é".repeat(37), "🔑".repeat(19)]
const FITTING = ["a".repeat(8), "é".repeat(36), "🔑🔑"]

describe("passwords", () => {
  const app = useTestApp({ worker: false })

  const login = (mobileNumber: string, password: unknown) =>
    app.http.post("/auth/login", { mobileNumber, password })
  const reset = (mobileNumber: string, otp: string, newPassword: unknown) =>
    app.http.post("/auth/reset-password", { mobileNumber, otp, newPassword })
  const change = (token: string | undefined, body: unknown) =>
    app.http.post("/auth/change-password", body, { token })
  /** Makes the session one that was opened by a code longer ago than it counts. */
  const age = (userId: string) =>
    app.query("UPDATE sessions SET created_at = now() - interval '11 minutes' WHERE user_id = $1", userId)

  describe("POST /auth/login", () => {
    test("gives what verifying a code gives", async () => {
      const { mobileNumber } = await signInWithPassword(app)
      const answer = await login(mobileNumber, PASSWORD)
      const user = { mobileNumber, hasPassword: true }
      expect(answer).toMatchObject({ status: 200, body: { tokenType: "Bearer", expiresIn: 900, user } })
      expect(await isLive(app, answer.body.token)).toBe(true)
    })

    test("doesn't count right passwords", async () => {
      const { mobileNumber } = await signInWithPassword(app)
      for (let i = 0; i < 15; i++) expect((await login(mobileNumber, PASSWORD)).status).toBe(200)
    })

    test("counts wrong ones anew 15 minutes after the first", async () => {
      const { mobileNumber } = await signInWithPassword(app)
      const firstAt = Date.now()
      onTestFinished(() => setAppNow(app.pool, "0 seconds"))
      for (const startsAt of [firstAt, firstAt + 15 * MINUTE]) {
        await setAppNow(app.pool, new Date(startsAt))
        expectProblem(await login(mobileNumber, "wrong password"), 401, "credentials_invalid")
        await setAppNow(app.pool, new Date(startsAt + 15 * MINUTE - 1))
        const answers = await times(12, () => login(mobileNumber, "wrong password"))
        expect([count(answers, 401), count(answers, 429)]).toEqual([9, 3])
        expectProblem(await login(mobileNumber, PASSWORD), 429, "rate_limited")
      }
      await setAppNow(app.pool, new Date(firstAt + 30 * MINUTE))
      expect((await login(mobileNumber, PASSWORD)).status).toBe(200)
    })

    test.each([
      {},
      { mobileNumber: "+12025550123" },
      { mobileNumber: "x", password: PASSWORD },
      { mobileNumber: "+12025550123", password: 12345678 },
    ])("refuses %j", async (body) =>
      expectProblem(await app.http.post("/auth/login", body), 400, "invalid_request"),
    )
  })

  describe("POST /auth/reset-password", () => {
    test("sets the password and ends all sessions", async () => {
      const user = await signIn(app)
      const other = await signIn(app, { mobileNumber: user.mobileNumber })
      const code = await sendResetCode(app, user.mobileNumber)
      expect((await reset(user.mobileNumber, code, "another password")).status).toBe(204)
      expect([await isLive(app, user.token), await isLive(app, other.token)]).toEqual([false, false])
      const refreshed = await app.http.post("/auth/refresh", { refreshToken: user.refreshToken })
      expectProblem(refreshed, 401, "refresh_token_invalid")
      expect((await login(user.mobileNumber, "another password")).status).toBe(200)
      expectProblem(await reset(user.mobileNumber, code, "a third password"), 401, "otp_invalid")
    })

    test("leaves no session that the old password opens meanwhile", async () => {
      for (let i = 0; i < 10; i++) {
        const { mobileNumber } = await signInWithPassword(app)
        const code = await sendResetCode(app, mobileNumber)
        const [, ...logins] = await Promise.all([
          reset(mobileNumber, code, "another password"),
          ...[1, 2, 3, 4].map(() => login(mobileNumber, PASSWORD)),
        ])
        for (const { status, body } of logins) {
          expect([200, 401]).toContain(status)
          if (status === 200) expect(await isLive(app, body.token)).toBe(false)
        }
      }
    })

    test("takes no login code, no wrong code and no code of an unknown number", async () => {
      const { mobileNumber } = await signIn(app)
      const stranger = newMobileNumber()
      const loginCode = await sendCode(app, mobileNumber)
      expectProblem(await reset(mobileNumber, loginCode, PASSWORD), 401, "otp_invalid")
      const code = await sendResetCode(app, mobileNumber)
      expectProblem(await reset(mobileNumber, wrong(code), PASSWORD), 401, "otp_invalid")
      expectProblem(await reset(stranger, await sendResetCode(app, stranger), PASSWORD), 401, "otp_invalid")
      expectProblem(await login(mobileNumber, PASSWORD), 401, "credentials_invalid")
    })

    test("counts wrong guesses", async () => {
      const { mobileNumber } = await signIn(app)
      const code = await sendResetCode(app, mobileNumber)
      await times(12, () => reset(mobileNumber, wrong(code), PASSWORD))
      expectProblem(await reset(mobileNumber, code, PASSWORD), 401, "otp_invalid")
    })

    test("happens once for a code that comes many times at once", async () => {
      const { mobileNumber } = await signIn(app)
      const code = await sendResetCode(app, mobileNumber)
      const answers = await times(8, (index) => reset(mobileNumber, code, `password number ${index}`))
      // A machine with much else to do turns some away before it hashes.
      expect([count(answers, 204), count(answers, 401) + count(answers, 503)]).toEqual([1, 7])
      const winner = answers.findIndex(({ status }) => status === 204)
      expect((await login(mobileNumber, `password number ${winner}`)).status).toBe(200)
    })

    test("keeps the code when the password can't be set", async () => {
      const { mobileNumber } = await signIn(app)
      const code = await sendResetCode(app, mobileNumber)
      for (const password of [...TOO_SHORT, ...TOO_LONG, "nul\u0000nul\u0000"]) {
        const answer = await reset(mobileNumber, code, password)
        expectProblem(answer, 400, "invalid_request")
        expect(answer.body.errors[0].path).toBe("body.newPassword")
      }
      expect((await reset(mobileNumber, code, PASSWORD)).status).toBe(204)
    })
  })

  describe("POST /auth/change-password", () => {
    test("sets the first password and ends the other sessions", async () => {
      const user = await signIn(app)
      const other = await signIn(app, { mobileNumber: user.mobileNumber })
      await age(user.user.id)
      expect((await change(user.token, { newPassword: PASSWORD })).status).toBe(204)
      expect([await isLive(app, user.token), await isLive(app, other.token)]).toEqual([true, false])
      expect((await login(user.mobileNumber, PASSWORD)).status).toBe(200)
    })

    test("needs the current password, unless the session was opened by a code recently", async () => {
      const { token, user, mobileNumber } = await signInWithPassword(app)
      expect((await change(token, { newPassword: "second password" })).status).toBe(204)
      await age(user.id)
      expectProblem(await change(token, { newPassword: "third password" }), 403, "current_password_invalid")
      const guess = { newPassword: "third password", currentPassword: PASSWORD }
      expectProblem(await change(token, guess), 403, "current_password_invalid")
      const proof = { newPassword: "third password", currentPassword: "second password" }
      expect((await change(token, proof)).status).toBe(204)
      expect((await login(mobileNumber, "third password")).status).toBe(200)
    })

    test("needs the current password in a session that was opened by it", async () => {
      const { mobileNumber } = await signInWithPassword(app)
      const { token } = (await login(mobileNumber, PASSWORD)).body
      expectProblem(await change(token, { newPassword: "second password" }), 403, "current_password_invalid")
    })

    test("happens once for a current password that is given many times at once", async () => {
      const { token, user, mobileNumber } = await signInWithPassword(app)
      await age(user.id)
      const answers = await times(8, (index) =>
        change(token, { newPassword: `password number ${index}`, currentPassword: PASSWORD }),
      )
      expect(count(answers, 204)).toBe(1)
      const winner = answers.findIndex(({ status }) => status === 204)
      expect((await login(mobileNumber, `password number ${winner}`)).status).toBe(200)
    })

    test("takes 8 to 72 bytes", async () => {
      const { token, mobileNumber } = await signIn(app)
      for (const newPassword of [...TOO_SHORT, ...TOO_LONG]) {
        expectProblem(await change(token, { newPassword }), 400, "invalid_request")
      }
      for (const newPassword of FITTING) {
        expect((await change(token, { newPassword })).status).toBe(204)
        expect((await login(mobileNumber, newPassword)).status).toBe(200)
      }
    })

    test.each([{}, { newPassword: 12345678 }, { newPassword: PASSWORD, currentPassword: null }])(
      "refuses %j",
      async (body) => expectProblem(await change((await signIn(app)).token, body), 400, "invalid_request"),
    )
  })

  test("are kept as bcrypt hashes of the configured cost", async () => {
    const { user } = await signInWithPassword(app)
    const rows = await app.query("SELECT password_hash FROM users WHERE id = $1", user.id)
    expect(rows[0].password_hash).toMatch(/^\$2b\$04\$/)
    expect(await bcrypt.compare(PASSWORD, rows[0].password_hash)).toBe(true)
  })
})

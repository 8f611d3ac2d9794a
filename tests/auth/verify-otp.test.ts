import { describe, expect, test } from "vitest"
import { isLive, sendCode, sendResetCode, signUp, wrong } from "../helpers/accounts.ts"
import { count, expectProblem, times } from "../helpers/answers.ts"
import { newMobileNumber } from "../helpers/app.ts"
import { setAppNow } from "../helpers/clock.ts"
import { useTestApp } from "../helpers/use-app.ts"

describe("POST /auth/verify-otp", () => {
  const app = useTestApp({ worker: false })

  const verify = (mobileNumber: string, otp: string, more = {}) =>
    app.http.post("/auth/verify-otp", { mobileNumber, otp, ...more })

  test("gives a pair of tokens and the user", async () => {
    const mobileNumber = await signUp(app)
    const answer = await verify(mobileNumber, await sendCode(app, mobileNumber))
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      token: expect.stringMatching(/^eyJ/),
      tokenType: "Bearer",
      expiresIn: 900,
      refreshToken: expect.any(String),
      user: expect.objectContaining({ mobileNumber, tier: "basic", hasPassword: false, name: null }),
    })
    expect(await isLive(app, answer.body.token)).toBe(true)
  })

  test("reads a code with spaces and in other digits", async () => {
    const mobileNumber = await signUp(app)
    const code = await sendCode(app, mobileNumber)
    const arabic = [...code].map((digit) => String.fromCodePoint(0x660 + Number(digit))).join("")
    expect((await verify(mobileNumber, `${arabic.slice(0, 3)} ${arabic.slice(3)}`)).status).toBe(200)
  })

  test("takes a code for five minutes", async () => {
    const [inTime, late] = [await signUp(app), await signUp(app)]
    await setAppNow(app.pool, new Date("2027-02-28T23:58:00.000Z"))
    try {
      const codes = [await sendCode(app, inTime), await sendCode(app, late)] as const
      await setAppNow(app.pool, new Date("2027-03-01T00:02:59.999Z"))
      expect((await verify(inTime, codes[0])).status).toBe(200)
      await setAppNow(app.pool, new Date("2027-03-01T00:03:00.000Z"))
      expectProblem(await verify(late, codes[1]), 401, "otp_invalid")
    } finally {
      await setAppNow(app.pool, "0 seconds")
    }
  })

  test("takes a code once", async () => {
    const mobileNumber = await signUp(app)
    const code = await sendCode(app, mobileNumber)
    expect((await verify(mobileNumber, code)).status).toBe(200)
    expectProblem(await verify(mobileNumber, code), 401, "otp_invalid")
  })

  test("refuses wrong, expired and replaced codes, and those of other and unknown numbers, with the same answer", async () => {
    const numbers = (await times(4, () => signUp(app))) as [string, string, string, string]
    const codes = await Promise.all(numbers.map((number) => sendCode(app, number)))
    const change = (set: string, mobileNumber: string) =>
      app.query(`UPDATE one_time_codes SET ${set} = now() WHERE mobile_number = $1`, mobileNumber)
    await change("expires_at", numbers[1])
    await change("resend_at", numbers[2])
    const replacement = await sendCode(app, numbers[2])
    const unknown = newMobileNumber()
    const guesses = [
      [numbers[0], wrong(codes[0] as string)],
      [numbers[1], codes[1]],
      [numbers[2], codes[2]],
      [numbers[0], codes[3]],
      [newMobileNumber(), "123456"],
      [unknown, await sendCode(app, unknown)],
    ] as [string, string][]
    const bodies = new Set<string>()
    for (const guess of guesses) {
      const answer = await verify(...guess)
      expectProblem(answer, 401, "otp_invalid")
      bodies.add(JSON.stringify({ ...answer.body, requestId: "" }))
    }
    expect(bodies.size).toBe(1)
    expect((await verify(numbers[2], replacement)).status).toBe(200)
  })

  test("tells somebody who never signed up that the number may not be registered", async () => {
    const mobileNumber = newMobileNumber()
    const { body } = await verify(mobileNumber, await sendCode(app, mobileNumber))
    expect(body.detail).toBe(
      "The code is wrong, expired or already used, or the number isn't registered. Request a new code, or sign up first.",
    )
  })

  test("takes the right code after four wrong guesses, and not after five", async () => {
    const [inTime, late] = [await signUp(app), await signUp(app)]
    const codes = [await sendCode(app, inTime), await sendCode(app, late)] as const
    for (let i = 0; i < 4; i++) await verify(inTime, wrong(codes[0]))
    for (let i = 0; i < 5; i++) await verify(late, wrong(codes[1]))
    expect((await verify(inTime, codes[0])).status).toBe(200)
    expectProblem(await verify(late, codes[1]), 401, "otp_invalid")
  })

  test("opens one session for 100 right codes at once", async () => {
    const mobileNumber = await signUp(app)
    const code = await sendCode(app, mobileNumber)
    const answers = await times(100, () => verify(mobileNumber, code))
    expect([count(answers, 200), count(answers, 401)]).toEqual([1, 99])
    const sql = "SELECT count(*)::int FROM sessions JOIN users ON users.id = user_id WHERE mobile_number = $1"
    expect(await app.query(sql, mobileNumber)).toEqual([{ count: 1 }])
  })

  test("takes the right code whatever wrong ones come with it", async () => {
    await times(25, async () => {
      const mobileNumber = await signUp(app)
      const code = await sendCode(app, mobileNumber)
      const guesses = [wrong(code), wrong(code), code, wrong(code), wrong(code)]
      const answers = await Promise.all(guesses.map((guess) => verify(mobileNumber, guess)))
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 200, 401, 401])
    })
  })

  test("takes a code of either purpose without one, and only the named with one", async () => {
    const mobileNumber = await signUp(app)
    const login = await sendCode(app, mobileNumber)
    const reset = await sendResetCode(app, mobileNumber)
    expectProblem(await verify(mobileNumber, reset, { purpose: "login" }), 401, "otp_invalid")
    expect((await verify(mobileNumber, reset)).status).toBe(200)
    expect((await verify(mobileNumber, login, { purpose: "login" })).status).toBe(200)
  })

  test("takes a code that happens to be the same for both purposes", async () => {
    const mobileNumber = await signUp(app)
    const code = await sendCode(app, mobileNumber)
    await sendResetCode(app, mobileNumber)
    const hash = app.ctx.tokens.codes.hash({ mobileNumber, purpose: "password_reset", code })
    const same =
      "UPDATE one_time_codes SET code_hash = $2 WHERE mobile_number = $1 AND purpose = 'password_reset'"
    await app.query(same, mobileNumber, hash)
    expect((await verify(mobileNumber, code)).status).toBe(200)
  })

  test.each([
    ["no body", undefined],
    ["text", "otp"],
    ["a list", []],
    ["no code", { mobileNumber: "+12025550123" }],
    ["a number for a code", { mobileNumber: "+12025550123", otp: 123456 }],
    ["no phone number", { mobileNumber: "hello", otp: "123456" }],
    ["another purpose", { mobileNumber: "+12025550123", otp: "123456", purpose: "admin" }],
    ["an unknown field", { mobileNumber: "+12025550123", otp: "123456", admin: true }],
  ])("refuses %s", async (_, body) => {
    expectProblem(await app.http.post("/auth/verify-otp", body), 400, "invalid_request")
  })
})

import { describe, expect, test } from "vitest"
import { sendCode, signUp } from "../helpers/accounts.ts"
import { count, expectProblem, times } from "../helpers/answers.ts"
import { newMobileNumber, startTestApp } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"

const app = useTestApp({ worker: false })

describe.each([
  ["/auth/send-otp", "login"],
  ["/auth/forgot-password", "password_reset"],
])("POST %s", (path, purpose) => {
  const send = (mobileNumber: unknown) => app.http.post(path, { mobileNumber })
  const change = (mobileNumber: string, set: string) =>
    app.query(`UPDATE one_time_codes SET ${set} WHERE mobile_number = $1`, mobileNumber)

  test("answers with a code for every number alike", async () => {
    const known = await send(await signUp(app))
    const unknown = await send(newMobileNumber())
    for (const answer of [known, unknown]) {
      expect(answer.status).toBe(202)
      expect(answer.body).toEqual({ expiresIn: 300, resendIn: 30, otp: expect.stringMatching(/^\d{6}$/) })
    }
  })

  test("keeps a hash and no code", async () => {
    const mobileNumber = await signUp(app)
    const otp = await sendCode(app, mobileNumber, path)
    const rows = await app.query(
      "SELECT *, extract(epoch FROM expires_at - sent_at)::int AS life FROM one_time_codes WHERE mobile_number = $1",
      mobileNumber,
    )
    expect(rows).toEqual([
      expect.objectContaining({ purpose, life: 300, wrong_guesses: 0, consumed_at: null }),
    ])
    expect(rows[0].code_hash).toHaveLength(32)
    expect(JSON.stringify({ ...rows[0], mobile_number: "" })).not.toContain(otp)
  })

  test("waits 30, 60, 120, 120 seconds before it sends again", async () => {
    const mobileNumber = newMobileNumber()
    const waits: number[] = []
    for (let i = 0; i < 4; i++) {
      waits.push((await send(mobileNumber)).body.resendIn)
      const refused = await send(mobileNumber)
      expectProblem(refused, 429, "rate_limited")
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan((waits.at(-1) as number) - 10)
      await change(mobileNumber, "resend_at = now()")
    }
    expect(waits).toEqual([30, 60, 120, 120])
  })

  test("starts over after an hour, and as soon as the code is used", async () => {
    const mobileNumber = newMobileNumber()
    await send(mobileNumber)
    await change(mobileNumber, "resend_at = now()")
    expect((await send(mobileNumber)).body.resendIn).toBe(60)
    await change(mobileNumber, "resend_at = now(), sent_at = now() - interval '61 minutes'")
    expect((await send(mobileNumber)).body.resendIn).toBe(30)
    await change(mobileNumber, "consumed_at = now()")
    expect((await send(mobileNumber)).body.resendIn).toBe(30)
  })

  test("sends one of many at once", async () => {
    const mobileNumber = newMobileNumber()
    const answers = await times(20, () => send(mobileNumber))
    expect([count(answers, 202), count(answers, 429)]).toEqual([1, 19])
    expect(
      await app.query("SELECT used FROM counters WHERE key = $1", app.ctx.tokens.numbers.key(mobileNumber)),
    ).toEqual([{ used: 1 }])
  })

  test.each([undefined, null, 5, "", "12", "hello", { a: 1 }, "+".repeat(50)])(
    "refuses %j",
    async (mobileNumber) => {
      const answer = await send(mobileNumber)
      expectProblem(answer, 400, "invalid_request")
      expect(answer.body.errors[0].path).toBe("body.mobileNumber")
    },
  )
})

test("codes are sent to the regions of the configuration alone", async () => {
  await using app = await startTestApp({ worker: false, config: { otp: { regions: ["GB"] } } })
  const send = (mobileNumber: string) => app.http.post("/auth/send-otp", { mobileNumber })
  expectProblem(await send("+12025550123"), 400, "invalid_request")
  expect((await send("+447700900123")).status).toBe(202)
})

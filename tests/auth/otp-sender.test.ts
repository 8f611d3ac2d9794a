import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest"
import { type Failure, type SmsSimulator, startSmsSimulator } from "../../simulators/sms/server.ts"
import { find } from "../abuse/kit/search.ts"
import { signUp } from "../helpers/accounts.ts"
import { expectProblem, PATIENCE_MS } from "../helpers/answers.ts"
import { newMobileNumber, startTestApp, type TestApp, type TestAppOptions } from "../helpers/app.ts"

const ACCOUNT = { accountSid: "AC00000000000000000000000000000000", authToken: "a-token-of-twilio" }

const sending = (twilio: { from?: string; baseUrl: string; timeoutMs?: number }): TestAppOptions => ({
  worker: false,
  config: { otp: { delivery: "twilio" }, twilio: { ...ACCOUNT, from: "+15005550006", ...twilio } },
})

describe("codes by SMS", () => {
  let app: TestApp
  let sms: SmsSimulator
  beforeAll(async () => {
    sms = await startSmsSimulator(ACCOUNT)
    app = await startTestApp(sending({ baseUrl: sms.url }))
  })
  afterAll(async () => {
    await app.close()
    await sms.close()
  })
  afterEach(() => app.ctx.background.drain())

  const send = (mobileNumber: string) => app.http.post("/auth/send-otp", { mobileNumber })
  const arrived = (mobileNumber: string) =>
    vi.waitFor(() => {
      const message = sms.messages.find(({ to }) => to === mobileNumber)
      if (!message) throw new Error("no message yet")
      return message
    }, PATIENCE_MS)

  test("go to the phone and not into the reply", async () => {
    const mobileNumber = await signUp(app)
    const sent = await send(mobileNumber)
    expect(sent.status).toBe(202)
    expect(sent.body).toEqual({ expiresIn: 300, resendIn: 30 })
    const message = await arrived(mobileNumber)
    expect(message.from).toBe("+15005550006")
    const otp = message.body.match(/\b\d{6}\b/)?.[0] as string
    expect((await app.http.post("/auth/verify-otp", { mobileNumber, otp })).status).toBe(200)
    expect(find({ otp }, [{ name: "log", text: app.logs() }])).toEqual([])
  })

  test("aren't sent to numbers that aren't registered, whose reply is the same", async () => {
    const calls = sms.calls()
    const sent = await send(newMobileNumber())
    expect([sent.status, sent.body]).toEqual([202, { expiresIn: 300, resendIn: 30 }])
    await app.ctx.background.drain()
    expect(sms.calls()).toBe(calls)
  })

  test.each<[string, Failure, string]>([
    ["a bad number", { code: 21211 }, "not_a_number"],
    ["a trial account", { code: 21608 }, "trial_account"],
    ["a recipient who sent STOP", { code: 21610 }, "opted_out"],
    ["a region that isn't enabled", { code: 21408 }, "region_not_enabled"],
    ["wrong credentials", { code: 20003 }, "credentials"],
    ["too many messages", { code: 20429 }, "carrier_busy"],
    ["another refusal", { status: 418 }, "refused"],
  ])("that fail for %s are logged with the reason, not with number or code", async (_, failure, reason) => {
    const mobileNumber = await signUp(app)
    const [before, logged] = [sms.calls(), app.logs().length]
    sms.fail(failure)
    expect((await send(mobileNumber)).status).toBe(202)
    await app.ctx.background.drain()
    const log = app.logs().slice(logged)
    expect(log).toContain(`"reason":"${reason}"`)
    expect(log).not.toContain(mobileNumber.slice(1))
    expect(sms.calls() - before).toBe(1)
  })

  test.each<[string, Failure]>([
    ["trouble at the carrier", { status: 503 }],
    ["a cut connection", "cut"],
  ])("are sent once more after %s", async (_, failure) => {
    const mobileNumber = await signUp(app)
    sms.fail(failure)
    await send(mobileNumber)
    await arrived(mobileNumber)
  })

  test("aren't sent again after the second failure", async () => {
    const mobileNumber = await signUp(app)
    const before = sms.calls()
    sms.fail({ status: 500 }, { status: 502 })
    await send(mobileNumber)
    await app.ctx.background.drain()
    expect(sms.calls() - before).toBe(2)
    expect(app.logs()).toContain('"reason":"carrier_failed"')
  })

  test("aren't sent again when no answer comes in time: the first may be on its way", async () => {
    // Its own: where this process is stopped meanwhile, time is up before the first has come there.
    const silent = await startSmsSimulator(ACCOUNT)
    await using impatient = await startTestApp(sending({ baseUrl: silent.url, timeoutMs: 200 }))
    const mobileNumber = await signUp(impatient)
    silent.fail("hang", "hang")
    expect((await impatient.http.post("/auth/send-otp", { mobileNumber })).status).toBe(202)
    await impatient.ctx.background.drain()
    expect(impatient.logs()).toContain('"reason":"timeout"')
    expect(silent.calls()).toBeLessThanOrEqual(1)
    await silent.close()
  })

  test("may come from a messaging service", async () => {
    const from = "MG00000000000000000000000000000000"
    await using other = await startTestApp(sending({ from, baseUrl: sms.url }))
    const mobileNumber = await signUp(other)
    await other.http.post("/auth/send-otp", { mobileNumber })
    expect((await arrived(mobileNumber)).from).toBe(from)
  })
})

describe("codes in the log", () => {
  test("are logged, without the number", async () => {
    await using app = await startTestApp({ worker: false, config: { otp: { delivery: "log" } } })
    const mobileNumber = await signUp(app)
    const sent = await app.http.post("/auth/send-otp", { mobileNumber })
    expect(sent.body).toEqual({ expiresIn: 300, resendIn: 30 })
    await app.ctx.background.drain()
    const otp = app.logs().match(/"devCode":"(\d{6})"/)?.[1]
    expect(app.logs()).not.toContain(mobileNumber)
    const verify = (guess?: string) => app.http.post("/auth/verify-otp", { mobileNumber, otp: guess })
    expectProblem(await verify("nothing"), 401, "otp_invalid")
    expect((await verify(otp)).status).toBe(200)
  })
})

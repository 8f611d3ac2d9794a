import { beforeEach, describe, expect, test } from "vitest"
import { MAX_WRONG_GUESSES } from "../../src/services/auth/otp-codes.ts"
import { PASSWORD, sendCode, signInWithPassword, wrong } from "../helpers/accounts.ts"
import { count, times } from "../helpers/answers.ts"
import { newMobileNumber, signIn, startTestApp } from "../helpers/app.ts"
import { setNoon } from "../helpers/clock.ts"
import { useTestApp } from "../helpers/use-app.ts"

const PER_NUMBER = 4
const PER_PREFIX = 6
const PER_ADDRESS = 12

// Behind one proxy, so that a request can come from whatever address the test likes.
const app = useTestApp({
  worker: false,
  config: {
    http: { trustProxy: 1 },
    otp: { daily: { perNumber: PER_NUMBER, perPrefix: PER_PREFIX, perAddress: PER_ADDRESS } },
  },
})
beforeEach(() => setNoon(app.pool))

let addresses = 0
const from = (address: string) => ({ headers: { "X-Forwarded-For": address } })
/** An address that nobody has asked from yet. */
const fromAnywhere = () => from(`198.18.${Math.floor(++addresses / 250)}.${(addresses % 250) + 1}`)
const mayResend = () => app.pool.query("UPDATE one_time_codes SET resend_at = app_now()")

const forget = () =>
  app.pool.query("DELETE FROM counters WHERE scope LIKE 'otp%'; DELETE FROM one_time_codes")

/** A number whose range no other test has asked for. */
const registered = async () => {
  const user = await signIn(app)
  await forget()
  return user.mobileNumber
}

describe("guessing a code", () => {
  const guess = (mobileNumber: string, otp: string, extra: object = {}) =>
    app.http.post("/auth/verify-otp", { mobileNumber, otp, ...extra }, fromAnywhere())

  test("from any number of addresses at once, gets five tries; then the right one is worth nothing", async () => {
    const number = await registered()
    const code = await sendCode(app, number)
    const answers = await times(60, () => guess(number, wrong(code)))
    expect(count(answers, 401)).toBe(60)
    const { rows } = await app.pool.query("SELECT wrong_guesses FROM one_time_codes")
    expect(rows).toEqual([{ wrong_guesses: MAX_WRONG_GUESSES }])
    expect((await guess(number, code)).status).toBe(401)
  })

  test("over resends, from everywhere, gets five tries for each code of the day and no more", async () => {
    const number = await registered()
    const codes: string[] = []
    let judged = 0
    for (let i = 0; i < 3 * PER_NUMBER; i++) {
      const [path, purpose] =
        i % 2 ? ["/auth/send-otp", "login"] : ["/auth/forgot-password", "password_reset"]
      const sent = await app.http.post(path, { mobileNumber: number }, fromAnywhere())
      if (sent.status !== 202) continue
      codes.push(sent.body.otp)
      await times(2 * MAX_WRONG_GUESSES, () => guess(number, wrong(sent.body.otp), { purpose }))
      const { rows } = await app.pool.query("SELECT wrong_guesses FROM one_time_codes WHERE purpose = $1", [
        purpose,
      ])
      judged += rows[0].wrong_guesses
      await mayResend()
    }
    expect([codes.length, judged]).toEqual([PER_NUMBER, PER_NUMBER * MAX_WRONG_GUESSES])
    for (const code of codes) expect((await guess(number, code)).status).toBe(401)
  })

  test("in other scripts, spaces and purposes, counts as the same guess", async () => {
    const number = await registered()
    const code = wrong(await sendCode(app, number))
    const arabic = [...code].map((digit) => String.fromCodePoint(0x660 + Number(digit))).join("")
    const wide = [...code].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join("")
    const spellings = [
      code,
      arabic,
      wide,
      ` ${code} `,
      `${code.slice(0, 3)}-${code.slice(3)}`,
      `${code}\u200e`,
    ]
    for (const spelling of spellings) expect((await guess(number, spelling)).status).toBe(401)
    const { rows } = await app.pool.query("SELECT wrong_guesses FROM one_time_codes")
    expect(rows).toEqual([{ wrong_guesses: MAX_WRONG_GUESSES }])
  })

  test("with many spellings of one number, counts for that number", async () => {
    const number = await registered()
    const code = await sendCode(app, number)
    const national = number.slice(2)
    const wide = [...number.slice(1)].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join("")
    const spellings = [
      number,
      national,
      `(${national.slice(0, 3)}) ${national.slice(3, 6)}-${national.slice(6)}`,
      `\u202a${number}\u202c`,
      `+${wide}`,
      `tel:${number}`,
    ]
    for (const spelling of spellings)
      expect([400, 401]).toContain((await guess(spelling, wrong(code))).status)
    expect((await guess(number, code)).status).toBe(401)
  })

  test("for a number with no code, or nobody's, looks the same as for one with", async () => {
    const number = await registered()
    await sendCode(app, number)
    const shape = async (mobileNumber: string) => {
      const { status, body, headers } = await guess(mobileNumber, "000000")
      const names = [...headers.keys()].sort()
      return { status, body: { ...body, requestId: "" }, names }
    }
    expect(await shape(newMobileNumber())).toEqual(await shape(number))
  })

  test("of many numbers from one address, is slowed by the address's limit", async () => {
    await using slow = await startTestApp({
      beside: app,
      worker: false,
      config: { rateLimitScale: 0.05, http: { trustProxy: 1 } },
    })
    const guesses = await times(60, (i) =>
      slow.http.post(
        "/auth/verify-otp",
        { mobileNumber: `+1202556${1000 + i}`, otp: "123456" },
        from("203.0.113.77"),
      ),
    )
    expect([count(guesses, 401), count(guesses, 429)]).toEqual([15, 45])
  })
})

describe("pumping codes", () => {
  const ask = (mobileNumber: string, options = fromAnywhere()) =>
    app.http.post("/auth/send-otp", { mobileNumber }, options)

  test("into one range of numbers, from everywhere, ends at the range's budget for new numbers", async () => {
    await forget()
    const numbers = Array.from({ length: 50 }, (_, i) => `+4420794${60_000 + i}`)
    for (const mobileNumber of numbers) await app.http.post("/auth/signup", { mobileNumber })
    const answers = await Promise.all(numbers.map((number) => ask(number)))
    expect([count(answers, 202), count(answers, 429)]).toEqual([PER_PREFIX / 2, 50 - PER_PREFIX / 2])
  })

  test("into many ranges from one address, however it is written, ends at the address's budget", async () => {
    await forget()
    const spellings = ["203.0.113.7", "::ffff:203.0.113.7", "::FFFF:CB00:7107", "0:0:0:0:0:ffff:203.0.113.7"]
    const answers = await times(60, (i) =>
      ask(`+1202${200 + i}0000`, from(spellings[i % spellings.length] as string)),
    )
    expect([count(answers, 202), count(answers, 429)]).toEqual([PER_ADDRESS, 60 - PER_ADDRESS])
  })

  test("from a whole /64, ends at one address's budget", async () => {
    await forget()
    const answers = await times(40, (i) => ask(`+1203${200 + i}0000`, from(`2001:db8:1:2:${i}::${i + 1}`)))
    expect([count(answers, 202), count(answers, 429)]).toEqual([PER_ADDRESS, 40 - PER_ADDRESS])
  })

  test("says no word about whether a number is registered", async () => {
    await forget()
    const shape = async (number: string) => {
      const { status, body } = await ask(number)
      return { status, keys: Object.keys(body).sort(), expiresIn: body.expiresIn, resendIn: body.resendIn }
    }
    expect(await shape(newMobileNumber())).toEqual(await shape(await registered()))
  })
})

describe("guessing a password", () => {
  const guess = (mobileNumber: string, password: string, options = fromAnywhere()) =>
    app.http.post("/auth/login", { mobileNumber, password }, options)

  test("from one address gets ten tries, by whatever spelling of it", async () => {
    const { mobileNumber } = await signInWithPassword(app)
    const spellings = ["203.0.113.9", "::ffff:203.0.113.9", "::ffff:cb00:7109"]
    const answers = await times(30, (i) =>
      guess(mobileNumber, `guess ${i}`, from(spellings[i % 3] as string)),
    )
    expect([count(answers, 401), count(answers, 429)]).toEqual([10, 20])
    expect((await guess(mobileNumber, PASSWORD, from("203.0.113.9"))).status).toBe(429)
  })

  test("from everywhere gets a hundred tries a day, and the owner still gets in by a code", async () => {
    const { mobileNumber } = await signInWithPassword(app)
    const statuses = []
    for (let i = 0; i < 13; i++)
      statuses.push(...(await times(10, () => guess(mobileNumber, "a guess"))).map(({ status }) => status))
    expect(statuses.filter((status) => status === 401)).toHaveLength(100)
    expect(statuses.filter((status) => status === 429)).toHaveLength(30)
    await forget()
    const otp = await sendCode(app, mobileNumber)
    expect((await app.http.post("/auth/verify-otp", { mobileNumber, otp })).status).toBe(200)
  })

  test("says no word about whether a number is registered or has a password", async () => {
    const known = await signInWithPassword(app)
    const bare = await signIn(app)
    const shape = async (mobileNumber: string) => {
      const { status, body } = await guess(mobileNumber, "a guess")
      return { status, body: { ...body, requestId: "" } }
    }
    const [a, b, c] = [known.mobileNumber, bare.mobileNumber, newMobileNumber()]
    expect(await shape(a)).toEqual(await shape(b))
    expect(await shape(b)).toEqual(await shape(c))
  })

  test("as the current one of a stolen session is counted, too", async () => {
    const { mobileNumber } = await signInWithPassword(app)
    const { body: stolen } = await guess(mobileNumber, PASSWORD)
    const answers = await times(20, (i) =>
      app.http.post(
        "/auth/change-password",
        { newPassword: "mine from now on", currentPassword: `guess ${i}` },
        { token: stolen.token, ...from("203.0.113.10") },
      ),
    )
    expect([count(answers, 403), count(answers, 429)]).toEqual([10, 10])
  })

  test("doesn't begin by one that is too long for its hash", async () => {
    const { mobileNumber, token } = await signIn(app)
    const newPassword = "p".repeat(72)
    await app.http.post("/auth/change-password", { newPassword }, { token })
    expect((await guess(mobileNumber, `${newPassword}and more`)).status).toBe(401)
    expect((await guess(mobileNumber, newPassword)).status).toBe(200)
  })
})

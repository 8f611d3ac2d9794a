import { beforeAll, describe, expect, test } from "vitest"
import { startSmsSimulator } from "../../simulators/sms/server.ts"
import { cleanUp } from "../../src/services/maintenance/clean-up.ts"
import { count, expectProblem, times } from "../helpers/answers.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { setAppNow, setNoon } from "../helpers/clock.ts"
import { useTestApp } from "../helpers/use-app.ts"

// Behind one proxy, so that a request can come from whatever address the test likes.
const app = useTestApp({ worker: false, config: { http: { trustProxy: 1 }, otp: { daily: {} } } })
const usual: Daily = {}
beforeAll(() => void Object.assign(usual, app.ctx.config.otp.daily))

type Daily = Partial<Record<"perNumber" | "perPrefix" | "perAddress" | "total", number>>

/** Begins a day on which nobody has signed up and nothing is used, with other budgets: an app for each would take longer. */
async function start(daily: Daily) {
  Object.assign(app.ctx.config.otp.daily, usual, daily)
  for (const table of ["users", "sign_ups", "one_time_codes", "counters"])
    await app.query(`DELETE FROM ${table}`)
  await setNoon(app.pool)
}
const from = (index: number) => ({ headers: { "X-Forwarded-For": `198.51.100.${index}` } })
const send = (mobileNumber: string, address = 1) =>
  app.http.post("/auth/send-otp", { mobileNumber }, from(address))
const signUp = (mobileNumber: string) => app.http.post("/auth/signup", { mobileNumber }, from(1))
const inRange = (range: string, index: number) => `${range}${String(index).padStart(4, "0")}`

/** Signs up numbers of a range. */
const signUpRange = (range: string, n: number) =>
  times(n, async (index) => {
    await signUp(inRange(range, index))
    return inRange(range, index)
  })

/** What is counted, by scope without "otp_". */
const used = async () => {
  const rows = await app.query(
    "SELECT substr(scope, 5) AS scope, sum(used)::int AS used FROM counters GROUP BY scope HAVING sum(used) > 0",
  )
  return Object.fromEntries(rows.map((row) => [row.scope, row.used]))
}

/** A verified user, whose sign-in has used up nothing. */
const userOf = async (mobileNumber: string) => {
  await signIn(app, { mobileNumber })
  await app.query("DELETE FROM counters")
  return mobileNumber
}

describe("budgets of codes", () => {
  test("hold for a number", async () => {
    await start({ perNumber: 3 })
    const sendTimes = async (n: number) => {
      const answers = []
      for (let i = 0; i < n; i++) {
        answers.push(await send("+12025550123"))
        await app.query("UPDATE one_time_codes SET resend_at = app_now()")
      }
      return answers
    }
    const answers = await sendTimes(5)
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 429, 429])
    expectProblem(answers[4] as never, 429, "rate_limited")
    await setAppNow(app.pool, new Date("2027-02-28T23:59:58.500Z"))
    expect((await sendTimes(4)).at(-1)?.headers.get("retry-after")).toBe("2")
  })

  test.each([
    ["a range", { perPrefix: 10 }, (index: number) => index + 1],
    ["an address in a range", { perPrefix: 50 }, () => 1],
    ["an address", { perAddress: 5 }, () => 1],
    ["the service", { total: 10 }, () => 1],
  ])("hold for %s, exactly, whatever comes at once", async (_, daily, addressOf) => {
    await start(daily)
    const numbers = await signUpRange("+1202555", 40)
    const answers = await times(40, (index) => send(numbers[index] as string, addressOf(index)))
    expect([count(answers, 202), count(answers, 429)]).toEqual([5, 35])
    // What was refused has cost nothing, and replaced no code.
    const address = { address: 5, address_range: 5 }
    const range = { prefix_new: 5, prefix: 5 }
    expect(await used()).toEqual({ number: 5, ...address, ...range, total_new: 5, total: 5 })
    expect(await app.query("SELECT count(*)::int FROM one_time_codes")).toEqual([{ count: 5 }])
  })

  test("hold for the service, exactly, whichever process is asked", async () => {
    await start({ total: 14 })
    await using other = await startTestApp({
      beside: app,
      worker: false,
      config: { http: { trustProxy: 1 }, otp: { daily: { total: 14 } } },
    })
    const numbers = await signUpRange("+1202555", 60)
    const answers = await times(60, (index) =>
      (index % 2 ? app : other).http.post("/auth/send-otp", { mobileNumber: numbers[index] }, from(1)),
    )
    expect([count(answers, 202), count(answers, 429)]).toEqual([7, 53])
    expect(await used()).toMatchObject({ number: 7, address: 7, prefix: 7, total_new: 7, total: 7 })
  })

  test("refuse a code and not those that come with it", async () => {
    await start({ perNumber: 1 })
    const [spent, ...others] = (await signUpRange("+1202555", 20)) as [string, ...string[]]
    await send(spent)
    await app.query("UPDATE one_time_codes SET resend_at = app_now()")
    const answers = await times(20, (index) => send(index ? (others[index - 1] as string) : spent))
    expect(answers.map(({ status }) => status)).toEqual([429, ...others.map(() => 202)])
    expect(await used()).toMatchObject({ number: 20, total: 20 })
  })

  test("count two ranges apart", async () => {
    await start({ perPrefix: 4 })
    for (const range of ["+1202555", "+1202556"]) {
      const numbers = await signUpRange(range, 5)
      const answers = await times(5, (index) => send(numbers[index] as string, index + 1))
      expect([count(answers, 202), count(answers, 429)]).toEqual([2, 3])
    }
  })

  test("are new the next day", async () => {
    await start({ perAddress: 1 })
    await send("+12025550123")
    expect((await send("+12025550124")).status).toBe(429)
    await setAppNow(app.pool, new Date("2027-02-28T23:59:59.999Z"))
    expect((await send("+12025550124")).status).toBe(202)
    expect((await send("+12025550125")).status).toBe(429)
    await setAppNow(app.pool, new Date("2027-03-01T00:00:00.000Z"))
    expect((await send("+12025550125")).status).toBe(202)
    expect((await send("+12025550126")).status).toBe(429)
  })

  test("aren't held up by the clean-up of the day before", async () => {
    await start({})
    const numbers = Array.from({ length: 20 }, (_, i) => inRange("+1202555", i))
    for (const number of numbers) await send(number)
    await setAppNow(app.pool, "48 hours")
    const cleaning = times(5, () => cleanUp(app.ctx))
    const answers = await Promise.all(numbers.map((number) => send(number)))
    await cleaning
    expect(answers.map(({ status }) => status)).toEqual(numbers.map(() => 202))
    expect(app.logs()).not.toContain("clean-up step failed")
  })
})

describe("what sends nothing uses up nothing of others", () => {
  const RANGE = "+1202555"

  test("99 codes for numbers that nobody signed up, from one address, cost its users and newcomers nothing", async () => {
    const account = { accountSid: "AC00000000000000000000000000000000", authToken: "a-token-of-twilio" }
    const sms = await startSmsSimulator(account)
    try {
      await start({})
      const user = await userOf(inRange(RANGE, 5_000))
      const newcomer = inRange(RANGE, 5_001)
      await signUp(newcomer)
      const daily = { perNumber: 10, perPrefix: 100, perAddress: 100, total: 100 }
      const twilio = { ...account, from: "+15005550006", baseUrl: sms.url }
      await using paid = await startTestApp({
        beside: app,
        worker: false,
        config: { http: { trustProxy: 1 }, otp: { delivery: "twilio", daily }, twilio },
      })
      const ask = (mobileNumber: string, address: number) =>
        paid.http.post("/auth/send-otp", { mobileNumber }, from(address))
      const flood = await times(99, (index) => ask(inRange(RANGE, index), 1))
      expect([count(flood, 202), count(flood, 429)]).toEqual([10, 89])
      const botnet = await times(99, (index) => ask(inRange(RANGE, 100 + index), 100 + index))
      expect(count(botnet, 202)).toBe(99)
      expect((await ask(user, 1)).status).toBe(202)
      expect((await ask(newcomer, 2)).status).toBe(202)
      await paid.ctx.background.drain()
      expect(sms.messages.map(({ to }) => to).sort()).toEqual([user, newcomer])
      const { prefix, prefix_new, total, total_new } = await used()
      expect({ prefix, prefix_new, total, total_new }).toEqual({
        prefix: 2,
        prefix_new: 1,
        total: 2,
        total_new: 1,
      })
    } finally {
      await sms.close()
    }
  })

  test.each([
    ["a range", { perPrefix: 12 }],
    ["the service", { total: 12 }],
  ])("half of the codes of %s are kept for users, whatever is signed up", async (_, daily) => {
    await start(daily)
    const users: string[] = []
    for (let i = 0; i < 7; i++) users.push(await userOf(inRange(RANGE, 5_000 + i)))
    const numbers = await signUpRange(RANGE, 20)
    const answers = await times(20, (index) => send(numbers[index] as string, index + 1))
    expect([count(answers, 202), count(answers, 429)]).toEqual([6, 14])
    const theirs = await times(7, (index) => send(users[index] as string, 1))
    expect([count(theirs, 202), count(theirs, 429)]).toEqual([6, 1])
  })

  test("users of an address have a budget of their own there", async () => {
    await start({ perAddress: 2 })
    const user = await userOf(inRange(RANGE, 5_000))
    const answers = await times(5, (index) => send(inRange(RANGE, index)))
    expect([count(answers, 202), count(answers, 429)]).toEqual([2, 3])
    expect((await send(user)).status).toBe(202)
  })

  test("a number that was signed up and one that wasn't get the same answers, whatever is used up", async () => {
    await start({ perPrefix: 20, perAddress: 8, perNumber: 2 })
    const shape = async (mobileNumber: string, address: number) => {
      const { status, body, headers } = await send(mobileNumber, address)
      await app.query("UPDATE one_time_codes SET resend_at = app_now()")
      const { otp, requestId, ...rest } = body
      const shown = [typeof otp, typeof requestId, [...headers.keys()].sort()]
      return { status, rest, shown, retry: headers.get("retry-after") !== null }
    }
    const pair = async (index: number, addresses: [number, number]) => {
      const [known, unknown] = [inRange(RANGE, index), inRange(RANGE, 5_000 + index)]
      await signUp(known)
      // The unknown one first: it takes nothing that the other would lack.
      const answer = await shape(unknown, addresses[0])
      expect(await shape(known, addresses[1])).toEqual(answer)
      return answer.status
    }
    // Each address takes two of the range's codes, and the range ten for all new numbers.
    const statuses = []
    for (let i = 0; i < 14; i++) statuses.push(await pair(i, [1 + 2 * (i >> 1), 2 + 2 * (i >> 1)]))
    expect(statuses).toEqual([...Array(10).fill(202), ...Array(4).fill(429)])
    const again = []
    for (let i = 0; i < 3; i++) again.push(await pair(20 + i, [101, 102]))
    expect(again).toEqual([429, 429, 429])
  })
})

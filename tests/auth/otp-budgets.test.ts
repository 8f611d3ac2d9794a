import { afterEach, expect, test } from "vitest"
import { cleanUp } from "../../src/services/maintenance/clean-up.ts"
import { count, expectProblem, times } from "../helpers/answers.ts"
import { startTestApp, type TestApp } from "../helpers/app.ts"
import { setAppNow, setNoon } from "../helpers/clock.ts"

let app: TestApp
afterEach(() => app.close())

type Budget = "perNumber" | "perPrefix" | "perAddress" | "total"
const start = async (daily: Partial<Record<Budget, number>>) => {
  app = await startTestApp({ worker: false, config: { otp: { daily } } })
  await setNoon(app.pool)
}
const send = (mobileNumber: string) => app.http.post("/auth/send-otp", { mobileNumber })
const inRange = (range: string, index: number) => `${range}${String(index).padStart(4, "0")}`
const used = async () => {
  const rows = await app.query(
    "SELECT substr(scope, 5) AS scope, sum(used)::int AS used FROM counters GROUP BY scope",
  )
  return Object.fromEntries(rows.map((row) => [row.scope, row.used]))
}

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
  ["a range", { perPrefix: 5 }],
  ["an address", { perAddress: 5 }],
  ["the service", { total: 5 }],
])("hold for %s, exactly, whatever comes at once", async (_, daily) => {
  await start(daily)
  const answers = await times(40, (index) => send(inRange("+1202555", index)))
  expect([count(answers, 202), count(answers, 429)]).toEqual([5, 35])
  // What was refused has cost nothing, and replaced no code.
  expect(await used()).toEqual({ number: 5, prefix: 5, address: 5, total: 5 })
  expect(await app.query("SELECT count(*)::int FROM one_time_codes")).toEqual([{ count: 5 }])
})

test("count two ranges apart", async () => {
  await start({ perPrefix: 2 })
  for (const range of ["+1202555", "+1202556"]) {
    const answers = await times(5, (index) => send(inRange(range, index)))
    expect([count(answers, 202), count(answers, 429)]).toEqual([2, 3])
  }
})

test("are new the next day", async () => {
  await start({ total: 1 })
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
  const answers = await Promise.all(numbers.map(send))
  await cleaning
  expect(answers.map(({ status }) => status)).toEqual(numbers.map(() => 202))
  expect(app.logs()).not.toContain("clean-up step failed")
})

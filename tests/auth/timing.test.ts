import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { newMobileNumber, startTestApp, type TestApp } from "../helpers/app.ts"
import { PASSWORD, sendCode, signInWithPassword, signUp, times, wrong } from "./kit.ts"

const MAX_DIFFERENCE_MS = 2

/**
 * Time tells nobody whether a number is registered. Kinds take turns, so that what slows the machine slows all.
 * Measured on one backend, since the other has the same database.
 */
describe.runIf(process.env.TEST_BACKEND !== "redis")("the time of an answer", () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({
      worker: false,
      config: { otp: { daily: { perAddress: 1e6, perPrefix: 1e6 } } },
    })
  })
  afterAll(() => app.close())

  async function mediansOf(kinds: Record<string, (turn: number) => Promise<unknown>>, calls: number) {
    const taken = Object.fromEntries(Object.keys(kinds).map((name) => [name, [] as number[]]))
    for (let turn = 0; turn < calls / Object.keys(kinds).length; turn++) {
      for (const [name, call] of Object.entries(kinds)) {
        const startedAt = performance.now()
        await call(turn)
        taken[name]?.push(performance.now() - startedAt)
      }
    }
    return Object.values(taken).map((all) => all.sort((a, b) => a - b)[all.length >> 1] as number)
  }

  const spread = (medians: number[]) => Math.max(...medians) - Math.min(...medians)

  test("to a code is the same for known and unknown numbers, wrong and expired codes", async () => {
    const known = await times(100, () => signUp(app))
    const unknown = known.map(() => newMobileNumber())
    const stale = await times(100, () => signUp(app))
    const codes = await Promise.all(known.map((number) => sendCode(app, number)))
    const unknownCodes = await Promise.all(unknown.map((number) => sendCode(app, number)))
    const staleCodes = await Promise.all(stale.map((number) => sendCode(app, number)))
    await app.pool.query("UPDATE one_time_codes SET expires_at = now() WHERE mobile_number = ANY ($1)", [
      stale,
    ])
    const verify = async (mobileNumber = "", otp = "") => {
      const answer = await app.http.post("/auth/verify-otp", { mobileNumber, otp })
      expect(answer.status).toBe(401)
    }
    const medians = await mediansOf(
      {
        known: (turn) => verify(known[turn % 100], wrong(codes[turn % 100] as string)),
        unknown: (turn) => verify(unknown[turn % 100], wrong(unknownCodes[turn % 100] as string)),
        expired: (turn) => verify(stale[turn % 100], staleCodes[turn % 100]),
        neverSent: () => verify("+12025550100", "123456"),
      },
      2_000,
    )
    expect(spread(medians)).toBeLessThan(MAX_DIFFERENCE_MS)
  })

  test("to asking for a code is the same for known and unknown numbers", async () => {
    const known = await times(200, () => signUp(app))
    const send = (mobileNumber = newMobileNumber()) => app.http.post("/auth/send-otp", { mobileNumber })
    const medians = await mediansOf({ known: (turn) => send(known[turn]), unknown: () => send() }, 400)
    expect(spread(medians)).toBeLessThan(MAX_DIFFERENCE_MS)
  })

  test("to a password is the same for a wrong one, none and an unknown number", async () => {
    const known = await times(40, () => signInWithPassword(app))
    const without = await times(40, () => signUp(app))
    const logIn = (mobileNumber = newMobileNumber()) =>
      app.http.post("/auth/login", { mobileNumber, password: `${PASSWORD}!` })
    const medians = await mediansOf(
      {
        wrong: (turn) => logIn(known[turn % 40]?.mobileNumber),
        none: (turn) => logIn(without[turn % 40]),
        unknown: () => logIn(),
      },
      300,
    )
    expect(spread(medians)).toBeLessThan(MAX_DIFFERENCE_MS)
  })
})

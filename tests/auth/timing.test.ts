import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest"
import { newMobileNumber, startTestApp, type TestApp } from "../helpers/app.ts"
import { PASSWORD, sendCode, signInWithPassword, signUp, times, wrong } from "./kit.ts"

const MAX_DIFFERENCE_MS = 2

/** A round in which the two halves of one kind's calls differ by more can't show a difference of `MAX_DIFFERENCE_MS`. */
const MAX_NOISE_MS = 1
const ROUNDS = 3

type Call = (turn: number) => Promise<unknown>

/**
 * Time tells nobody whether a number is registered. Measured on one backend, since the other has the same database.
 */
describe.runIf(process.env.TEST_BACKEND !== "redis")("the time of an answer", { timeout: 240_000 }, () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({
      worker: false,
      config: { otp: { daily: { perAddress: 1e6, perPrefix: 1e6 } } },
    })
  })
  afterAll(() => app.close())

  test("to a code is the same for known and unknown numbers, wrong and expired codes", async (context) => {
    const known = await withCodes(await times(80, () => signUp(app)))
    const unknown = await withCodes(newNumbers(80))
    const stale = await withCodes(await times(80, () => signUp(app)))
    await app.pool.query("UPDATE one_time_codes SET expires_at = now() WHERE mobile_number = ANY ($1)", [
      stale.map(({ mobileNumber }) => mobileNumber),
    ])
    const verify = async (mobileNumber: string, otp: string) => {
      expect((await app.http.post("/auth/verify-otp", { mobileNumber, otp })).status).toBe(401)
    }
    const verifyWrong = (list: typeof known) => (turn: number) => {
      const { mobileNumber, otp } = at(list, turn)
      return verify(mobileNumber, wrong(otp))
    }
    const kinds = {
      known: verifyWrong(known),
      unknown: verifyWrong(unknown),
      expired: (turn: number) => verify(at(stale, turn).mobileNumber, at(stale, turn).otp),
      neverSent: () => verify("+12025550100", "123456"),
    }
    await expectAlike(context, { kinds, calls: 2_000 })
  })

  test("to asking for a code is the same for known and unknown numbers", async (context) => {
    const known = await times(130, () => signUp(app))
    const unknown = newNumbers(130)
    const send = (list: string[]) => async (turn: number) => {
      expect((await app.http.post("/auth/send-otp", { mobileNumber: at(list, turn) })).status).toBe(202)
    }
    const before = () => app.pool.query("UPDATE one_time_codes SET resend_at = now()")
    const kinds = { known: send(known), unknown: send(unknown) }
    await expectAlike(context, { kinds, calls: 260, before })
  })

  test("to a password is the same for a wrong one, none and an unknown number", async (context) => {
    const known = (await times(40, () => signInWithPassword(app))).map(({ mobileNumber }) => mobileNumber)
    const without = await times(40, () => signUp(app))
    const unknown = newNumbers(40)
    const logIn = (list: string[]) => async (turn: number) => {
      const answer = await app.http.post("/auth/login", {
        mobileNumber: at(list, turn),
        password: `${PASSWORD}!`,
      })
      expect(answer.status).toBe(401)
    }
    const kinds = { wrong: logIn(known), none: logIn(without), unknown: logIn(unknown) }
    await expectAlike(context, { kinds, calls: 360 })
  })

  const withCodes = (numbers: string[]) =>
    Promise.all(
      numbers.map(async (mobileNumber) => ({ mobileNumber, otp: await sendCode(app, mobileNumber) })),
    )
})

interface Measurement {
  kinds: Record<string, Call>
  /** In a round, over all kinds. */
  calls: number
  before?: () => Promise<unknown>
}

/**
 * Judges the first round that is quiet enough to be judged, whatever it says of the kinds. On a machine too busy for
 * any, the test is skipped and says so.
 */
async function expectAlike(context: TestContext, { kinds, calls, before }: Measurement): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    await before?.()
    const taken = await measure(kinds, calls)
    if (taken.some((times) => noiseOf(times) > MAX_NOISE_MS)) continue
    const medians = taken.map(median)
    const difference = Math.max(...medians) - Math.min(...medians)
    expect(difference, `${Object.keys(kinds)}: ${medians}`).toBeLessThan(MAX_DIFFERENCE_MS)
    return
  }
  context.skip(`the machine is too busy to measure ${MAX_DIFFERENCE_MS} ms`)
}

/** Kinds take turns, so that what slows the machine slows all. @returns milliseconds of each call, for each kind */
async function measure(kinds: Record<string, Call>, calls: number): Promise<number[][]> {
  const each = Object.values(kinds).map((call) => ({ call, times: [] as number[] }))
  for (let turn = 0; turn < calls / each.length; turn++) {
    for (const { call, times } of each) {
      const startedAt = performance.now()
      await call(turn)
      times.push(performance.now() - startedAt)
    }
  }
  return each.map(({ times }) => times)
}

/** How far the odd calls of one kind are from the even ones. */
function noiseOf(times: number[]): number {
  return Math.abs(median(times.filter((_, n) => n % 2 === 0)) - median(times.filter((_, n) => n % 2 === 1)))
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number
}

function at<T>(list: T[], turn: number): T {
  return list[turn % list.length] as T
}

function newNumbers(count: number): string[] {
  return Array.from({ length: count }, newMobileNumber)
}

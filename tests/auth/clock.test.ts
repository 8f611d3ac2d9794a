import jwt from "jsonwebtoken"
import { afterEach, expect, test, vi } from "vitest"
import { createLogger } from "../../src/config/logger.ts"
import { TIMING } from "../../src/config/timing.ts"
import { createTokens } from "../../src/services/auth/tokens.ts"
import { createDatabaseClock } from "../../src/services/platform/database-clock.ts"
import { HOUR, MINUTE, SECOND } from "../../src/utils/time.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { testStack } from "../helpers/stack.ts"

afterEach(() => void vi.useRealTimers())

/** This machine's clock is wrong by so much; the database's is right. */
const SHIFTS = [-2 * HOUR, 2 * HOUR]
const shift = (ms: number) => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms })

test.each(SHIFTS)(
  "with a clock that is %d ms off, tokens are made and judged by the database's",
  async (ms) => {
    const stack = testStack()
    const right = Date.now()
    shift(ms)
    const app = await startTestApp({ worker: false })
    stack.defer(() => app.close())
    const user = await signIn(app)
    const { iat, exp } = jwt.decode(user.token) as { iat: number; exp: number }
    expect(Math.abs(iat * SECOND - right)).toBeLessThan(MINUTE)
    expect((exp - iat) * SECOND).toBe(TIMING.auth.accessTokenMs)
    expect((await user.http.get("/user/me")).status).toBe(200)
    expect(app.logs()).toMatch(/"aheadMs":-?7[12]\d{5},/)
    // The clock is set while the process runs.
    vi.useRealTimers()
    expect((await user.http.get("/user/me")).status).toBe(200)
  },
)

test.each(SHIFTS)("with a clock that is %d ms off, a token is dead when its time is over", (ms) => {
  const clock = createDatabaseClock(MINUTE, createLogger("silent"))
  const secrets = { secret: "a secret for tests, as long as it must be", previousSecret: null }
  const tokens = createTokens(secrets, TIMING.auth, clock.now)
  const at = Date.now()
  shift(ms)
  const read = (laterMs: number) => clock.set(at + laterMs, performance.now(), performance.now())
  read(0)
  const ids = { userId: crypto.randomUUID(), sessionId: crypto.randomUUID() }
  const token = tokens.access.issue(ids)
  expect(tokens.access.read(token)).toMatchObject(ids)
  read(14 * MINUTE)
  expect(tokens.access.read(token)).toMatchObject(ids)
  read(16 * MINUTE)
  expect(() => tokens.access.read(token)).toThrow("Send a valid access token")
})

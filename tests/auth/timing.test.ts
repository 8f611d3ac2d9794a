import { expect, test } from "vitest"
import { PASSWORD, signInWithPassword, signUp } from "../helpers/accounts.ts"
import { newMobileNumber, startTestApp } from "../helpers/app.ts"

/** A hash takes dozens of milliseconds, all the rest of a login a few. */
const BCRYPT_COST = 10
const TURNS = 4

test("a wrong password, a user without one and an unknown number each take as long as a hash", async () => {
  await using app = await startTestApp({ worker: false, config: { password: { bcryptCost: BCRYPT_COST } } })
  const numbers = {
    wrong: (await signInWithPassword(app)).mobileNumber,
    none: await signUp(app),
    unknown: newMobileNumber(),
  }
  // What a busy machine adds is in none of the fastest.
  const fastest = { wrong: Infinity, none: Infinity, unknown: Infinity }
  for (let turn = 0; turn < TURNS; turn++) {
    for (const kind of ["wrong", "none", "unknown"] as const) {
      const startedAt = performance.now()
      const body = { mobileNumber: numbers[kind], password: `${PASSWORD}!` }
      expect((await app.http.post("/auth/login", body)).status).toBe(401)
      fastest[kind] = Math.min(fastest[kind], performance.now() - startedAt)
    }
  }
  expect(fastest.none).toBeGreaterThan(fastest.wrong / 3)
  expect(fastest.unknown).toBeGreaterThan(fastest.wrong / 3)
})

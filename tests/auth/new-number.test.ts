import { describe, expect, test } from "vitest"
import { MAX_WRONG_GUESSES } from "../../src/services/auth/otp-codes.ts"
import { isLive, PASSWORD, sendCode, signInWithPassword, wrong } from "../helpers/accounts.ts"
import { count, expectProblem, times } from "../helpers/answers.ts"
import { newMobileNumber, type SignedIn, signIn } from "../helpers/app.ts"
import { promptsUsed, useUpQuota } from "../helpers/chat.ts"
import { setAppNow, setNoon } from "../helpers/clock.ts"
import { useTestApp } from "../helpers/use-app.ts"

const PER_NUMBER = 6
const app = useTestApp({ worker: false, config: { otp: { daily: { perNumber: PER_NUMBER } } } })

const ask = (user: SignedIn, mobileNumber: string, extra: object = {}) =>
  user.http.post("/user/me/mobile-number", { mobileNumber, ...extra })
const prove = (user: SignedIn, mobileNumber: string, otp: string) =>
  user.http.post("/user/me/mobile-number/verify", { mobileNumber, otp })

async function codeFor(user: SignedIn, mobileNumber: string): Promise<string> {
  const sent = await ask(user, mobileNumber)
  expect(sent.status, JSON.stringify(sent.body)).toBe(202)
  return sent.body.otp
}

async function change(user: SignedIn, mobileNumber = newMobileNumber()): Promise<string> {
  const { status } = await prove(user, mobileNumber, await codeFor(user, mobileNumber))
  expect(status).toBe(200)
  return mobileNumber
}

/** Another session of the user. */
async function signInAgain({ mobileNumber }: SignedIn) {
  const otp = await sendCode(app, mobileNumber)
  return (await app.http.post("/auth/verify-otp", { mobileNumber, otp })).body.token as string
}

const ageSession = (user: SignedIn) =>
  app.query(
    "UPDATE sessions SET created_at = created_at - interval '11 minutes' WHERE user_id = $1",
    user.user.id,
  )

describe("a new mobile number", () => {
  test("is the user's once its code has come back; other sessions end and the old number is free", async () => {
    const user = await signIn(app)
    const other = await signInAgain(user)
    const number = newMobileNumber()
    const sent = await ask(user, ` ${number.slice(0, 5)}-${number.slice(5)} `)
    expect(sent).toMatchObject({ status: 202, body: { expiresIn: 300, resendIn: expect.any(Number) } })
    expect((await user.http.get("/user/me")).body.mobileNumber).toBe(user.mobileNumber)
    const changed = await prove(user, number, sent.body.otp)
    expect(changed).toMatchObject({ status: 200, body: { id: user.user.id, mobileNumber: number } })
    expect([await isLive(app, user.token), await isLive(app, other)]).toEqual([true, false])
    expect(app.logs()).toContain("mobile_number_changed")
    for (const each of [number, user.mobileNumber]) expect(app.logs()).not.toContain(each)

    const again = await signIn(app, { mobileNumber: number })
    expect(again.user.id).toBe(user.user.id)
    const stranger = await signIn(app, { mobileNumber: user.mobileNumber })
    expect(stranger.user.id).not.toBe(user.user.id)
  })

  test("signs in by password from then on, and only it", async () => {
    const user = await signInWithPassword(app)
    const number = await change(user)
    const logIn = (mobileNumber: string) => app.http.post("/auth/login", { mobileNumber, password: PASSWORD })
    expect((await logIn(number)).status).toBe(200)
    expectProblem(await logIn(user.mobileNumber), 401, "credentials_invalid")
  })

  test("is refused as bad input, as the user's own, and without a token", async () => {
    const user = await signIn(app)
    expectProblem(
      await app.http.post("/user/me/mobile-number", { mobileNumber: "1234567890" }),
      401,
      "unauthenticated",
    )
    expectProblem(
      await app.http.post("/user/me/mobile-number/verify", { mobileNumber: "1234567890", otp: "1" }),
      401,
      "unauthenticated",
    )
    for (const number of ["", "x", "+1", user.mobileNumber]) {
      expectProblem(await ask(user, number), 400, "invalid_request")
    }
    expectProblem(await prove(user, "x", "123456"), 400, "invalid_request")
    expectProblem(await prove(user, newMobileNumber(), "123456"), 401, "otp_invalid")
  })

  test("needs a session that a code has opened recently, or the password", async () => {
    const [bare, user] = [await signIn(app), await signInWithPassword(app)]
    await Promise.all([ageSession(bare), ageSession(user)])
    const number = newMobileNumber()
    expectProblem(await ask(bare, number), 403, "recent_sign_in_required")
    expectProblem(await ask(bare, number, { currentPassword: "anything" }), 403, "recent_sign_in_required")
    expectProblem(await ask(user, number), 403, "current_password_invalid")
    expectProblem(await ask(user, number, { currentPassword: "wrong" }), 403, "current_password_invalid")
    expect((await ask(user, number, { currentPassword: PASSWORD })).status).toBe(202)
  })

  test("of a session that has ended meanwhile isn't taken", async () => {
    const user = await signIn(app)
    const number = newMobileNumber()
    const otp = await codeFor(user, number)
    await app.query("UPDATE sessions SET ended_at = now() WHERE user_id = $1", user.user.id)
    expectProblem(await prove(user, number, otp), 401, "unauthenticated")
    expect(
      (await app.query("SELECT mobile_number FROM users WHERE id = $1", user.user.id))[0].mobile_number,
    ).toBe(user.mobileNumber)
  })
})

describe("a number that is taken", () => {
  test("shows only after the code has proven it", async () => {
    const [user, owner] = [await signIn(app), await signIn(app)]
    const [taken, free] = [await ask(user, owner.mobileNumber), await ask(user, newMobileNumber())]
    expect(taken.status).toBe(202)
    expect(Object.keys(taken.body)).toEqual(Object.keys(free.body))
    expectProblem(await prove(user, owner.mobileNumber, wrong(taken.body.otp)), 401, "otp_invalid")
    expectProblem(await prove(user, owner.mobileNumber, taken.body.otp), 409, "mobile_number_taken")
    // The code is used up, and both keep what they have.
    expectProblem(await prove(user, owner.mobileNumber, taken.body.otp), 401, "otp_invalid")
    expect((await user.http.get("/user/me")).body.mobileNumber).toBe(user.mobileNumber)
    expect((await owner.http.get("/user/me")).body.mobileNumber).toBe(owner.mobileNumber)
  })

  test("by two users at once is one's", async () => {
    for (let round = 0; round < 5; round++) {
      const number = newMobileNumber()
      const users = await times(2, () => signIn(app))
      // A code replaces the one before, so each row is put aside until both have theirs.
      const rows = []
      const codes: string[] = []
      for (const user of users) {
        codes.push(await codeFor(user, number))
        rows.push(
          (await app.query("DELETE FROM one_time_codes WHERE mobile_number = $1 RETURNING *", number))[0],
        )
      }
      await app.query(
        "INSERT INTO one_time_codes SELECT * FROM json_populate_record(NULL::one_time_codes, $1)",
        JSON.stringify(asJson(rows[0])),
      )
      const first = prove(users[0] as SignedIn, number, codes[0] as string)
      await expect
        .poll(() =>
          app.query("SELECT 1 FROM one_time_codes WHERE mobile_number = $1 AND consumed_at IS NULL", number),
        )
        .toEqual([])
      await app.query("DELETE FROM one_time_codes WHERE mobile_number = $1", number)
      await app.query(
        "INSERT INTO one_time_codes SELECT * FROM json_populate_record(NULL::one_time_codes, $1)",
        JSON.stringify(asJson(rows[1])),
      )
      const answers = [await prove(users[1] as SignedIn, number, codes[1] as string), await first]
      expect([count(answers, 200), count(answers, 409)]).toEqual([1, 1])
      const owners = await app.query("SELECT id FROM users WHERE mobile_number = $1", number)
      expect(owners).toHaveLength(1)
    }
  })

  test("by a change and a sign-up at once is one's, and nobody hangs", async () => {
    for (let round = 0; round < 8; round++) {
      const user = await signIn(app)
      const number = newMobileNumber()
      const otp = await codeFor(user, number)
      await app.http.post("/auth/signup", { mobileNumber: number })
      const login = await sendCode(app, number)
      const [changed, signedIn] = await Promise.all([
        prove(user, number, otp),
        app.http.post("/auth/verify-otp", { mobileNumber: number, otp: login }),
      ])
      expect(signedIn.status).toBe(200)
      expect([200, 409]).toContain(changed.status)
      // Either the sign-up made the user, or the number's new owner signed in.
      expect(signedIn.body.user.id === user.user.id).toBe(changed.status === 200)
    }
  })
})

/** A row as JSON that a table takes back. */
function asJson(row: Record<string, unknown>): Record<string, unknown> {
  return { ...row, code_hash: `\\x${(row.code_hash as Buffer).toString("hex")}` }
}

describe("the code", () => {
  test("is for this alone: it doesn't sign in, and codes that do don't change a number", async () => {
    const user = await signIn(app)
    const number = newMobileNumber()
    const otp = await codeFor(user, number)
    for (const extra of [{}, { purpose: "login" }, { purpose: "password_reset" }])
      expectProblem(
        await app.http.post("/auth/verify-otp", { mobileNumber: number, otp, ...extra }),
        401,
        "otp_invalid",
      )
    expectProblem(
      await app.http.post("/auth/verify-otp", { mobileNumber: number, otp, purpose: "mobile_number" }),
      400,
      "invalid_request",
    )
    expectProblem(
      await app.http.post("/auth/reset-password", { mobileNumber: number, otp, newPassword: PASSWORD }),
      401,
      "otp_invalid",
    )
    const other = newMobileNumber()
    await app.http.post("/auth/signup", { mobileNumber: other })
    for (const path of ["/auth/send-otp", "/auth/forgot-password"])
      expectProblem(await prove(user, other, await sendCode(app, other, path)), 401, "otp_invalid")
    expect((await prove(user, number, otp)).status).toBe(200)
  })

  test("is for the session that has asked for it, once, and for five minutes", async () => {
    const [user, stranger] = [await signIn(app), await signIn(app)]
    const number = newMobileNumber()
    const otp = await codeFor(user, number)
    const token = await signInAgain(user)
    expectProblem(await prove(stranger, number, otp), 401, "otp_invalid")
    const path = "/user/me/mobile-number/verify"
    expectProblem(await app.http.post(path, { mobileNumber: number, otp }, { token }), 401, "otp_invalid")
    const answers = await times(5, () => prove(user, number, otp))
    expect([count(answers, 200), count(answers, 401)]).toEqual([1, 4])

    const late = await signIn(app)
    const lateOtp = await codeFor(late, newMobileNumber())
    const [{ mobile_number: lateNumber }] = await app.query(
      "SELECT mobile_number FROM one_time_codes WHERE purpose = 'mobile_number' ORDER BY sent_at DESC LIMIT 1",
    )
    await setAppNow(app.pool, "6 minutes")
    expectProblem(await prove(late, lateNumber, lateOtp), 401, "otp_invalid")
    await setAppNow(app.pool, "0 minutes")
  })

  test("guessed at by everybody at once, gets five tries; then the right one is worth nothing", async () => {
    const [user, ...others] = await times(4, () => signIn(app))
    const number = newMobileNumber()
    const otp = await codeFor(user as SignedIn, number)
    const guessers = [user, ...others] as SignedIn[]
    const answers = await times(40, (n) => prove(guessers[n % 4] as SignedIn, number, wrong(otp)))
    expect(count(answers, 401)).toBe(40)
    const sql = "SELECT wrong_guesses FROM one_time_codes WHERE mobile_number = $1"
    expect(await app.query(sql, number)).toEqual([{ wrong_guesses: MAX_WRONG_GUESSES }])
    expectProblem(await prove(user as SignedIn, number, otp), 401, "otp_invalid")
  })

  test("is sent as often as others: after a wait, and so many a day to a number and by a user", async () => {
    await setNoon(app.pool)
    const user = await signIn(app)
    const number = newMobileNumber()
    await codeFor(user, number)
    const second = await ask(user, number)
    expectProblem(second, 429, "rate_limited")
    expect(Number(second.headers.get("retry-after"))).toBeGreaterThan(0)
    const statuses = []
    for (let i = 0; i < PER_NUMBER; i++) statuses.push((await ask(user, newMobileNumber())).status)
    expect(statuses).toEqual([...Array(PER_NUMBER - 1).fill(202), 429])
    await setAppNow(app.pool, "0 minutes")
  })
})

describe("what was used today", () => {
  test("goes along, and stays with the old number, too", async () => {
    await setNoon(app.pool)
    const user = await signIn(app)
    await useUpQuota(app, user)
    await change(user)
    expect(await promptsUsed(app, user)).toBe(5)
    const next = await signIn(app, { mobileNumber: user.mobileNumber })
    const { body } = await next.http.get("/subscription/status")
    expect(body.usage).toMatchObject({ used: 5, remaining: 0 })
    await setAppNow(app.pool, "0 minutes")
  })

  test("takes its web searches along, which both numbers have then used", async () => {
    await setNoon(app.pool)
    const user = await signIn(app)
    await app.query(
      "INSERT INTO usage_counters (user_id, day, used, web_searches) VALUES ($1, (app_now() AT TIME ZONE 'UTC')::date, 3, 3)",
      user.user.id,
    )
    await change(user)
    const next = await signIn(app, { mobileNumber: user.mobileNumber })
    for (const { http } of [user, next]) {
      const { body } = await http.get("/subscription/status")
      expect(body.usage.webSearch).toEqual({ used: 3, limit: 3, remaining: 0 })
    }
    await setAppNow(app.pool, "0 minutes")
  })

  test("is what the new number has used, where that is more", async () => {
    await setNoon(app.pool)
    const [leaving, user] = [await signIn(app), await signIn(app)]
    await useUpQuota(app, leaving)
    expect((await leaving.http.delete("/user/me")).status).toBe(202)
    await change(user, leaving.mobileNumber)
    expect((await user.http.get("/subscription/status")).body.usage).toMatchObject({ used: 5, remaining: 0 })
    await setAppNow(app.pool, "0 minutes")
  })

  test("is a trial, too: neither number has another", async () => {
    const user = await signIn(app)
    const kept = async (number: string) => {
      const hashes = app.ctx.tokens.numbers.hashes(number)
      return (await app.query("SELECT 1 FROM trials_of_numbers WHERE number_hash = ANY ($1)", hashes)).length
    }
    const hash = app.ctx.tokens.numbers.hash(user.mobileNumber)
    await app.query("INSERT INTO trials_of_numbers (number_hash) VALUES ($1)", hash)
    const number = await change(user)
    expect([await kept(user.mobileNumber), await kept(number)]).toEqual([1, 1])
    const other = await signIn(app)
    const fresh = await change(other)
    expect([await kept(other.mobileNumber), await kept(fresh)]).toEqual([0, 0])
  })
})

test("a change and the account's deletion at once leave neither number behind, and nobody hangs", async () => {
  for (let round = 0; round < 8; round++) {
    const user = await signIn(app)
    const number = newMobileNumber()
    const otp = await codeFor(user, number)
    const [changed, deleted] = await Promise.all([prove(user, number, otp), user.http.delete("/user/me")])
    expect(deleted.status).toBe(202)
    expect([200, 401]).toContain(changed.status)
    const left = "SELECT count(*)::int AS users FROM users WHERE mobile_number = ANY ($1)"
    expect((await app.query(left, [number, user.mobileNumber]))[0].users).toBe(0)
  }
})

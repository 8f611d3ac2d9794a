import { afterEach, describe, expect, test } from "vitest"
import { cleanUp } from "../../src/services/maintenance/clean-up.ts"
import { PASSWORD, sendCode, sendResetCode, wrong } from "../helpers/accounts.ts"
import { count, expectProblem, times } from "../helpers/answers.ts"
import { newMobileNumber, signIn } from "../helpers/app.ts"
import { setAppNow } from "../helpers/clock.ts"
import { useTestApp } from "../helpers/use-app.ts"

describe("POST /auth/signup", () => {
  // Behind one proxy, so that a request can come from whatever address the test likes.
  const app = useTestApp({ worker: false, config: { http: { trustProxy: 1 } } })
  afterEach(() => setAppNow(app.pool, "0 seconds"))

  const signUp = (body: unknown, address = "198.51.100.1") =>
    app.http.post("/auth/signup", body, { headers: { "X-Forwarded-For": address } })
  const verify = (mobileNumber: string, otp: string, address = "198.51.100.1") =>
    app.http.post("/auth/verify-otp", { mobileNumber, otp }, { headers: { "X-Forwarded-For": address } })
  const users = async () => (await app.query("SELECT count(*)::int FROM users"))[0].count

  test("repeats what was sent, and makes no user before a code proves the number", async () => {
    const mobileNumber = newMobileNumber()
    const before = await users()
    const answer = await signUp({ mobileNumber, name: "  Ada Lovelace " })
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({ user: { mobileNumber, name: "Ada Lovelace" } })
    const otp = await sendCode(app, mobileNumber)
    expectProblem(await verify(mobileNumber, wrong(otp)), 401, "otp_invalid")
    expect(await users()).toBe(before)
    const { body } = await verify(mobileNumber, otp)
    expect(body.user).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      mobileNumber,
      name: "Ada Lovelace",
      tier: "basic",
      hasPassword: false,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*\.\d{3}Z$/),
    })
    expect(await users()).toBe(before + 1)
    expect(await app.query("SELECT 1 FROM sign_ups WHERE mobile_number = $1", mobileNumber)).toEqual([])
  })

  test("takes the brief's number as it stands", async () => {
    const answer = await signUp({ mobileNumber: "1234567890" })
    expect(answer.body).toEqual({ user: { mobileNumber: "+11234567890", name: null } })
  })

  test("of a number that somebody has signed up shows and changes nothing of theirs", async () => {
    const mobileNumber = newMobileNumber()
    await signUp({ mobileNumber, name: "Ada" })
    const silent = await signUp({ mobileNumber })
    const other = await signUp({ mobileNumber: mobileNumber.replace("+1", ""), name: "Mallory" })
    expect([silent.status, silent.body]).toEqual([201, { user: { mobileNumber, name: null } }])
    expect([other.status, other.body]).toEqual([201, { user: { mobileNumber, name: "Mallory" } }])
    const { body } = await verify(mobileNumber, await sendCode(app, mobileNumber))
    expect(body.user.name).toBe("Ada")
  })

  test.each([
    ["who signed up first", "198.51.100.1", "Ada"],
    ["who signed up last", "198.51.100.2", "Grace"],
    ["without a sign-up, which gets the first name", "198.51.100.3", "Ada"],
  ])("gives the user the name that came from where the code comes from: %s", async (_, address, name) => {
    const mobileNumber = newMobileNumber()
    await signUp({ mobileNumber, name: "Ada" }, "198.51.100.1")
    await signUp({ mobileNumber, name: "Grace" }, "198.51.100.2")
    const { body } = await verify(mobileNumber, await sendCode(app, mobileNumber), address)
    expect(body.user.name).toBe(name)
  })

  test("becomes a user by a reset code, too", async () => {
    const mobileNumber = newMobileNumber()
    await signUp({ mobileNumber, name: "Ada" })
    const otp = await sendResetCode(app, mobileNumber)
    const reset = { mobileNumber, otp, newPassword: PASSWORD }
    expect((await app.http.post("/auth/reset-password", reset)).status).toBe(204)
    const { body } = await app.http.post("/auth/login", { mobileNumber, password: PASSWORD })
    expect(body.user).toMatchObject({ mobileNumber, name: "Ada", hasPassword: true })
    expectProblem(await signUp({ mobileNumber }), 409, "mobile_number_taken")
  })

  test("verifies a user of an earlier version by the code, and keeps id and name", async () => {
    const mobileNumber = newMobileNumber()
    const insert =
      "INSERT INTO users (id, mobile_number, name) VALUES (gen_random_uuid(), $1, 'Ada') RETURNING id"
    const [{ id }] = (await app.query(insert, mobileNumber)) as [{ id: string }]
    const again = await signUp({ mobileNumber, name: "Mallory" })
    expect(again.body).toEqual({ user: { mobileNumber, name: "Mallory" } })
    const { body } = await verify(mobileNumber, await sendCode(app, mobileNumber))
    expect(body.user).toMatchObject({ id, name: "Ada" })
  })

  test("is forgotten after a week without a code", async () => {
    const [old, young] = [newMobileNumber(), newMobileNumber()]
    await signUp({ mobileNumber: old })
    await setAppNow(app.pool, "1 minute")
    await signUp({ mobileNumber: young })
    await setAppNow(app.pool, "168 hours")
    await cleanUp(app.ctx)
    const kept = "SELECT mobile_number FROM sign_ups WHERE mobile_number = ANY ($1)"
    expect(await app.query(kept, [old, young])).toEqual([{ mobile_number: young }])
    expectProblem(await verify(old, await sendCode(app, old)), 401, "otp_invalid")
    expect((await verify(young, await sendCode(app, young))).status).toBe(200)
  })

  test("refuses a verified number", async () => {
    const { mobileNumber, user } = await signIn(app)
    expectProblem(await signUp({ mobileNumber, name: "Mallory" }), 409, "mobile_number_taken")
    expect(await app.query("SELECT name FROM users WHERE id = $1", user.id)).toEqual([{ name: null }])
  })

  test("makes one user of many calls at once, also when both kinds of code come at once", async () => {
    const mobileNumber = newMobileNumber()
    const answers = await times(20, () => signUp({ mobileNumber }))
    expect(count(answers, 201)).toBe(20)
    const otp = await sendCode(app, mobileNumber)
    const reset = await sendResetCode(app, mobileNumber)
    const verified = await times(10, (index) => verify(mobileNumber, index % 2 ? otp : reset))
    expect(new Set(verified.flatMap(({ body }) => body.user?.id ?? [])).size).toBe(1)
    expect(count(verified, 500)).toBe(0)
    expect(await app.query("SELECT 1 FROM users WHERE mobile_number = $1", mobileNumber)).toHaveLength(1)
  })

  test("gives a name back exactly", async () => {
    const name = "ʿAlī 🧑🏽‍🚀 e\u0301 עברית"
    expect((await signUp({ mobileNumber: newMobileNumber(), name })).body.user.name).toBe(name)
  })

  test.each([
    ["nothing", undefined],
    ["broken JSON", "{"],
    ["null", null],
    ["no number", {}],
    ["a number as a number", { mobileNumber: 1234567890 }],
    ["a list for a number", { mobileNumber: ["+12025550123"] }],
    ["no phone number", { mobileNumber: "12" }],
    ["a password", { mobileNumber: "+12025550123", password: "correct horse" }],
    ["an empty name", { mobileNumber: "+12025550123", name: " " }],
    ["a long name", { mobileNumber: "+12025550123", name: "x".repeat(101) }],
    ["NUL in a name", { mobileNumber: "+12025550123", name: "a\u0000b" }],
    ["half a character in a name", '{"mobileNumber":"+12025550123","name":"\\ud800"}'],
    ["a prototype", '{"mobileNumber":"+12025550123","__proto__":{"tier":"pro"}}'],
  ])("refuses %s", async (_, body) => {
    const before = await app.query("SELECT count(*) FROM sign_ups")
    const headers = { "Content-Type": "application/json" }
    expectProblem(await app.http.post("/auth/signup", body, { headers }), 400, "invalid_request")
    expect(await app.query("SELECT count(*) FROM sign_ups")).toEqual(before)
  })
})

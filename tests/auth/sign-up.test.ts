import { describe, expect, test } from "vitest"
import { count, expectProblem, times } from "../helpers/answers.ts"
import { newMobileNumber, signIn } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"

describe("POST /auth/signup", () => {
  const app = useTestApp({ worker: false })

  const signUp = (body: unknown) => app.http.post("/auth/signup", body)

  test("makes a user, without a session", async () => {
    const mobileNumber = newMobileNumber()
    const answer = await signUp({ mobileNumber, name: "  Ada Lovelace " })
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({
      user: {
        id: expect.stringMatching(/^[\da-f-]{36}$/),
        mobileNumber,
        name: "Ada Lovelace",
        tier: "basic",
        hasPassword: false,
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*\.\d{3}Z$/),
      },
    })
  })

  test("takes the brief's number as it stands", async () => {
    const answer = await signUp({ mobileNumber: "1234567890" })
    expect(answer.body.user.mobileNumber).toBe("+11234567890")
  })

  test("gives the same user again until the number is verified, with the name given last", async () => {
    const mobileNumber = newMobileNumber()
    const first = await signUp({ mobileNumber, name: "Ada" })
    const silent = await signUp({ mobileNumber })
    const renamed = await signUp({ mobileNumber: mobileNumber.replace("+1", ""), name: "Grace" })
    expect([first.status, silent.status, renamed.status]).toEqual([201, 201, 201])
    expect(silent.body).toEqual(first.body)
    expect(renamed.body.user).toEqual({ ...first.body.user, name: "Grace" })
  })

  test("refuses a verified number", async () => {
    const { mobileNumber, user } = await signIn(app)
    expectProblem(await signUp({ mobileNumber, name: "Mallory" }), 409, "mobile_number_taken")
    expect(await app.query("SELECT name FROM users WHERE id = $1", user.id)).toEqual([{ name: null }])
  })

  test("makes one user of many calls at once", async () => {
    const mobileNumber = newMobileNumber()
    const answers = await times(20, () => signUp({ mobileNumber }))
    expect(count(answers, 201)).toBe(20)
    expect(new Set(answers.map(({ body }) => body.user.id)).size).toBe(1)
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
    const before = await app.pool.query("SELECT count(*) FROM users")
    const headers = { "Content-Type": "application/json" }
    expectProblem(await app.http.post("/auth/signup", body, { headers }), 400, "invalid_request")
    expect(await app.query("SELECT count(*) FROM users")).toEqual(before.rows)
  })
})

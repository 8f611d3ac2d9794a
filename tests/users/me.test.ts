import { expect, test } from "vitest"
import { signInWithPassword } from "../helpers/accounts.ts"
import { expectProblem } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"

const app = useTestApp({ worker: false })

test("GET gives oneself", async () => {
  const { token, user, mobileNumber } = await signIn(app)
  const answer = await app.http.get("/user/me", { token })
  expect(answer.status).toBe(200)
  expect(answer.body).toEqual({
    id: user.id,
    mobileNumber,
    name: null,
    tier: "basic",
    hasPassword: false,
    createdAt: expect.stringMatching(/Z$/),
  })
})

test("GET says whether there is a password, and never what it is", async () => {
  const { token } = await signInWithPassword(app)
  const { body } = await app.http.get("/user/me", { token })
  expect(body.hasPassword).toBe(true)
  expect(JSON.stringify(body)).not.toContain("$2b$")
})

test("PATCH changes one's name and nobody else's", async () => {
  const [one, other] = [await signIn(app), await signIn(app)]
  const changed = await one.http.patch("/user/me", { name: " Grace Hopper 🦋 " })
  expect([changed.status, changed.body.name]).toEqual([200, "Grace Hopper 🦋"])
  expect((await one.http.get("/user/me")).body).toEqual(changed.body)
  expect((await other.http.get("/user/me")).body.name).toBeNull()
})

test("PATCH takes the name away", async () => {
  const { token } = await signIn(app)
  await app.http.patch("/user/me", { name: "Ada" }, { token })
  expect((await app.http.patch("/user/me", { name: null }, { token })).body.name).toBeNull()
})

test.each([
  {},
  { name: "" },
  { name: " " },
  { name: 5 },
  { name: "x".repeat(101) },
  { name: "a\u0000" },
  { tier: "pro" },
  { name: "Ada", tier: "pro" },
  [],
])("PATCH refuses %j", async (body) => {
  const { token, user } = await signIn(app)
  expectProblem(await app.http.patch("/user/me", body, { token }), 400, "invalid_request")
  const { rows } = await app.pool.query("SELECT name, pro_until FROM users WHERE id = $1", [user.id])
  expect(rows).toEqual([{ name: null, pro_until: null }])
})

import { expect, test } from "vitest"
import { PASSWORD } from "../helpers/accounts.ts"
import { expectProblem } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"

const app = useTestApp({ worker: false })

test("GET gives the user, and whether there is a password", async () => {
  const { http, user, mobileNumber } = await signIn(app)
  const fields = { id: user.id, mobileNumber, name: null, tier: "basic" }
  const me = { ...fields, hasPassword: false, createdAt: expect.stringMatching(/Z$/) }
  expect((await http.get("/user/me")).body).toEqual(me)
  await http.post("/auth/change-password", { newPassword: PASSWORD })
  expect((await http.get("/user/me")).body).toEqual({ ...me, hasPassword: true })
})

test("PATCH changes the user's name, and no other user's", async () => {
  const [one, other] = [await signIn(app), await signIn(app)]
  const changed = await one.http.patch("/user/me", { name: " Grace Hopper 🦋 " })
  expect([changed.status, changed.body.name]).toEqual([200, "Grace Hopper 🦋"])
  expect((await one.http.get("/user/me")).body).toEqual(changed.body)
  expect((await other.http.get("/user/me")).body.name).toBeNull()
  expect((await one.http.patch("/user/me", { name: null })).body.name).toBeNull()
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
  expect(await app.query("SELECT name, pro_until FROM users WHERE id = $1", user.id)).toEqual([
    { name: null, pro_until: null },
  ])
})

import { expect, test } from "vitest"
import { signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { testStack } from "../helpers/stack.ts"

const OLD = "the-old-secret-as-long-as-it-must-be-for-HS256"
const NEW = "the-new-secret-as-long-as-it-must-be-for-HS256"

const statusOf = async (app: TestApp, token: string) => (await app.http.get("/user/me", { token })).status

test("JWT_SECRET is replaced in three steps without signing anybody out who comes back in between", async () => {
  const stack = testStack()
  const before = await startTestApp({ config: { jwt: { secret: OLD } }, worker: false })
  stack.defer(() => before.close())
  const besideIt = async (jwt: { secret: string; previousSecret?: string }) => {
    const app = await startTestApp({ beside: before, config: { jwt }, worker: false })
    stack.defer(() => app.close())
    return app
  }
  const announced = await besideIt({ secret: OLD, previousSecret: NEW })
  const swapped = await besideIt({ secret: NEW, previousSecret: OLD })
  const after = await besideIt({ secret: NEW })
  const [active, absent] = [await signIn(before), await signIn(before)]

  // While the first step is rolled out, both sides accept what either makes.
  const early = await signIn(announced)
  expect(await statusOf(before, early.token)).toBe(200)
  expect(await statusOf(announced, active.token)).toBe(200)

  // While the second is.
  expect(await statusOf(swapped, active.token)).toBe(200)
  const { body } = await swapped.http.post("/auth/refresh", { refreshToken: active.refreshToken })
  expect(await statusOf(announced, body.token)).toBe(200)
  const { body: later } = await announced.http.post("/auth/refresh", { refreshToken: body.refreshToken })
  expect(await statusOf(swapped, later.token)).toBe(200)

  // And the third: whoever has refreshed at the second step's processes stays signed in.
  expect(await statusOf(after, body.token)).toBe(200)
  expect((await after.http.post("/auth/refresh", { refreshToken: body.refreshToken })).status).toBe(200)

  expect(await statusOf(after, absent.token)).toBe(401)
  expect((await after.http.post("/auth/refresh", { refreshToken: absent.refreshToken })).status).toBe(401)
})

test("a new ADMIN_TOKEN ends the old one", async () => {
  const stack = testStack()
  const app = await startTestApp({ config: { admin: { token: NEW } }, worker: false })
  stack.defer(() => app.close())
  const statusWith = async (token: string) => (await app.http.get("/admin/replies", { token })).status
  expect(await statusWith(NEW)).toBe(200)
  expect(await statusWith(OLD)).toBe(401)
})

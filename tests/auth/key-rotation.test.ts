import { expect, test } from "vitest"
import { signIn, startTestApp, type TestApp } from "../helpers/app.ts"

const OLD = "the-old-secret-as-long-as-it-must-be-for-HS256"
const NEW = "the-new-secret-as-long-as-it-must-be-for-HS256"

const statusOf = async (app: TestApp, token: string) => (await app.http.get("/user/me", { token })).status

test("JWT_SECRET is replaced in three steps without signing out clients that refresh in between", async () => {
  await using before = await startTestApp({ config: { jwt: { secret: OLD } }, worker: false })
  const besideIt = (jwt: { secret: string; previousSecret?: string }) =>
    startTestApp({ beside: before, config: { jwt }, worker: false })
  await using announced = await besideIt({ secret: OLD, previousSecret: NEW })
  await using swapped = await besideIt({ secret: NEW, previousSecret: OLD })
  await using after = await besideIt({ secret: NEW })
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

  // And the third: a session that was refreshed by the second step's processes stays open.
  expect(await statusOf(after, body.token)).toBe(200)
  expect((await after.http.post("/auth/refresh", { refreshToken: body.refreshToken })).status).toBe(200)

  expect(await statusOf(after, absent.token)).toBe(401)
  expect((await after.http.post("/auth/refresh", { refreshToken: absent.refreshToken })).status).toBe(401)
})

test("a new ADMIN_TOKEN ends the old one", async () => {
  await using app = await startTestApp({ config: { admin: { token: NEW } }, worker: false })
  const statusWith = async (token: string) => (await app.http.get("/admin/replies", { token })).status
  expect(await statusWith(NEW)).toBe(200)
  expect(await statusWith(OLD)).toBe(401)
})

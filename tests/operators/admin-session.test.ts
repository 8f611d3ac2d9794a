import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
// @ts-expect-error the launcher is plain JavaScript, without types
import { ensureWebBuilt } from "../../bin/web-build.mjs"
import { issueAdminSession } from "../../src/services/auth/admin-session.ts"
import { ADMIN_TOKEN, signIn, startTestApp } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"

const ROOT = join(import.meta.dirname, "../..")

const app = useTestApp({ worker: false })

const open = (token: string, of = app) => of.http.post("/admin/session", { token })
const cookieOf = (headers: Headers) => headers.get("set-cookie")?.split(";")[0] as string
const withCookie = (Cookie: string, more: Record<string, string> = {}) => ({ headers: { Cookie, ...more } })

describe("a browser's session", () => {
  test("is opened by the admin token, as a cookie that neither scripts nor other sites get at", async () => {
    const { status, headers, body } = await open(ADMIN_TOKEN)
    expect(status).toBe(200)
    expect(body.actor).toBe("admin_token")
    expect(headers.get("set-cookie")).toMatch(
      /^admin_session=[\w.-]+; Path=\/admin; HttpOnly; SameSite=Strict; Max-Age=3600$/,
    )
    const cookie = cookieOf(headers)
    expect(cookie).not.toContain(ADMIN_TOKEN)
    expect(await app.http.get("/admin/session", withCookie(cookie))).toMatchObject({
      status: 200,
      body: { actor: "admin_token", expiresAt: body.expiresAt },
    })
    const closed = await app.http.delete("/admin/session", withCookie(cookie))
    expect(closed.headers.get("set-cookie")).toContain(
      "admin_session=; Path=/admin; HttpOnly; SameSite=Strict; Max-Age=0",
    )
  })

  test("is dead in every process as soon as it is signed out, and the others aren't", async () => {
    await using other = await startTestApp({ beside: app, worker: false })
    const [cookie, second] = [
      cookieOf((await open(ADMIN_TOKEN)).headers),
      cookieOf((await open(ADMIN_TOKEN)).headers),
    ]
    const statusOf = async (at: typeof other, value: string, path = "/admin/session") =>
      (await at.http.get(path, withCookie(value))).status
    expect([await statusOf(app, cookie), await statusOf(other, cookie)]).toEqual([200, 200])
    expect((await app.http.delete("/admin/session", withCookie(cookie))).status).toBe(204)
    expect([await statusOf(app, cookie), await statusOf(other, cookie)]).toEqual([401, 401])
    const board = await fetch(`${other.url}/admin/queues/api/queues`, { headers: { Cookie: cookie } })
    expect(board.status).toBe(401)
    expect([await statusOf(app, second), await statusOf(other, second)]).toEqual([200, 200])
    // Again, or with what is no session: nothing to end.
    for (const value of [cookie, "admin_session=x", "admin_session="])
      expect((await other.http.delete("/admin/session", withCookie(value))).status).toBe(204)
  })

  test("is Secure in production", async () => {
    await using production = await startTestApp({ beside: app, worker: false, config: { production: true } })
    expect((await open(ADMIN_TOKEN, production)).headers.get("set-cookie")).toMatch(/; Secure$/)
  })

  test("isn't opened by anything else, and that is logged, not audited", async () => {
    const user = await signIn(app)
    for (const token of [`${ADMIN_TOKEN}x`, "x", user.token, user.refreshToken])
      expect((await open(token)).status).toBe(401)
    expect((await app.http.post("/admin/session", {})).status).toBe(400)
    expect(app.logs()).toContain("admin sign-in refused")
    expect(app.logs()).not.toContain(`${ADMIN_TOKEN}x`)
    const { body } = await app.admin.get("/admin/audit")
    expect(body.every(({ outcome }: { outcome: string }) => outcome === "ok")).toBe(true)
  })

  test("changes something only when a page of this server asks", async () => {
    const user = await signIn(app)
    const cookie = cookieOf((await open(ADMIN_TOKEN)).headers)
    const suspend = (more: Record<string, string>) =>
      app.http.post(`/admin/users/${user.user.id}/suspend`, undefined, withCookie(cookie, more))
    const host = new URL(app.url).host
    for (const refused of [
      {},
      { Origin: "https://evil.example" },
      { Origin: "null" },
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site", Origin: `http://${host}` },
      { "Sec-Fetch-Site": "none" },
    ])
      expect(await suspend(refused as Record<string, string>)).toMatchObject({
        status: 403,
        body: { code: "forbidden" },
      })
    const { body } = await app.http.get(`/admin/users/${user.user.id}`, withCookie(cookie))
    expect(body.suspendedAt).toBeNull()
    expect((await suspend({ Origin: `http://${host}` })).status).toBe(200)
    expect((await suspend({ "Sec-Fetch-Site": "same-origin" })).status).toBe(200)
    const pause = `${app.url}/admin/queues/api/queues/gemini-queue/pause`
    const queues = await fetch(pause, { method: "PUT", headers: { Cookie: cookie } })
    expect(queues.status).toBe(403)
  })

  test("that was changed, is old, or was made under another token or secret is none", async () => {
    const good = cookieOf((await open(ADMIN_TOKEN)).headers)
    const [payload = "", signature = ""] = good.slice("admin_session=".length).split(".")
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString())
    const later = JSON.stringify({ ...claims, expiresAt: claims.expiresAt + 1 })
    const forged = Buffer.from(later).toString("base64url")
    const { config, timing, clock } = app.ctx
    const admin = { actor: "admin_token", sessionId: null }
    const issue = (other: object) =>
      issueAdminSession({ config: { ...config, ...other }, timing, clock }, admin).value
    for (const value of [
      `${forged}.${signature}`,
      `${payload}.`,
      `${payload}.${signature.slice(0, -2)}`,
      "x",
      issue({ admin: { token: `${ADMIN_TOKEN}2` } }),
      issue({ jwt: { ...config.jwt, secret: "another secret, as long as it has to be" } }),
    ])
      expect((await app.http.get("/admin/session", withCookie(`admin_session=${value}`))).status).toBe(401)
    const withoutToken = { admin: { token: null } }
    await using closed = await startTestApp({ beside: app, worker: false, config: withoutToken })
    expect((await closed.http.get("/admin/session", withCookie(good))).status).toBe(401)
    const own = issue(withoutToken)
    expect((await closed.http.get("/admin/session", withCookie(`admin_session=${own}`))).status).toBe(401)
  })

  test("of an admin ends with their session as a user", async () => {
    const boss = await signIn(app)
    await app.admin.post(`/admin/users/${boss.user.id}/role`, { role: "admin" })
    const cookie = cookieOf((await open(boss.token)).headers)
    expect((await app.http.get("/admin/session", withCookie(cookie))).body.actor).toBe(boss.user.id)
    await boss.http.post("/auth/logout")
    expect((await app.http.get("/admin/session", withCookie(cookie))).status).toBe(401)
  })
})

describe("the pages", () => {
  beforeAll(async () => {
    expect(await ensureWebBuilt(ROOT, { node: process.execPath })).toBe(true)
  })

  test.each(["/admin", "/admin/sign-in"])("%s runs nothing but this server's own files", async (path) => {
    const page = await fetch(app.url + path)
    expect(page.status).toBe(200)
    const policy = page.headers.get("content-security-policy")
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(policy).not.toContain("unsafe")
    const html = await page.text()
    expect(html).not.toMatch(/<script(?![^>]*\ssrc="\/app\/assets\/)|\son\w+=|\sstyle=|https?:/)
    for (const [, file] of html.matchAll(/(?:src|href)="(\/app\/assets\/[^"]+)"/g))
      expect((await fetch(app.url + file)).status).toBe(200)
    const headers = { "If-None-Match": page.headers.get("etag") as string }
    expect((await fetch(app.url + path, { headers })).status).toBe(304)
  })
})

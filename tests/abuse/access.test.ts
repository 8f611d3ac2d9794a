import { beforeAll, describe, expect, test } from "vitest"
import { newId } from "../../src/utils/ids.ts"
import { signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { forge, tamper } from "./kit/forge.ts"
import { bearer, requestRaw } from "./kit/raw.ts"
import { bodyOf, checkEach, type Endpoint, nameOf, pathOf, rowsOf, useIds } from "./kit/rows.ts"
import { snapshot } from "./kit/snapshot.ts"

let dead: { deleted: string; ended: string; elsewhere: string }

const app = useTestApp({ worker: false })
const ann = useUser(app)
const ids = useIds(app, ann)
beforeAll(async () => {
  dead = { deleted: await deletedToken(), ended: await endedToken(), elsewhere: await endedElsewhere() }
  // The deleted user's rows go in the background; from here on nothing but an attack changes any.
  await app.ctx.background.drain()
})

async function deletedToken(): Promise<string> {
  const { token } = await signIn(app)
  await app.http.delete("/user/me", { token })
  return token
}

async function endedToken(): Promise<string> {
  const { token } = await signIn(app)
  await app.http.post("/auth/logout", undefined, { token })
  return token
}

/** Ended by a refresh token that came back. */
async function endedElsewhere(): Promise<string> {
  const { token, refreshToken } = await signIn(app)
  const next = await app.http.post("/auth/refresh", { refreshToken })
  await app.http.post("/auth/refresh", { refreshToken: next.body.refreshToken })
  await app.http.post("/auth/refresh", { refreshToken })
  return token
}

const secret = () => app.ctx.config.jwt.secret as string
const own = (change: Omit<Parameters<typeof forge>[1], "secret">) =>
  forge(ann.token, { ...change, secret: secret() })
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600

/** Every one of these must be nobody. */
const IMPOSTORS: Record<string, () => [string, string][]> = {
  nobody: () => [],
  "an empty token": () => [["Authorization", "Bearer "]],
  "another scheme": () => [["Authorization", `Basic ${btoa(`${ann.user.id}:${ann.token}`)}`]],
  "a token in a cookie": () => [["Cookie", `token=${ann.token}; access_token=${ann.token}`]],
  "a token in other headers": () => [
    ["X-Access-Token", ann.token],
    ["Proxy-Authorization", `Bearer ${ann.token}`],
    ["X-User-Id", ann.user.id],
  ],
  "an expired token": () => [bearer(own({ claims: { exp: inAnHour() - 3601 } }))],
  "a token that never expires": () => [bearer(own({ claims: { exp: null } }))],
  "a token that isn't good yet": () => [bearer(own({ claims: { nbf: inAnHour() } }))],
  "a refresh token": () => [bearer(ann.refreshToken)],
  "a deleted user's token": () => [bearer(dead.deleted)],
  "the token of a session that was logged out": () => [bearer(dead.ended)],
  "the token of a session whose refresh token was copied": () => [bearer(dead.elsewhere)],
  "algorithm none": () => [bearer(own({ algorithm: "none" }))],
  "algorithm none and the old signature": () => [
    bearer(own({ algorithm: "none" }) + ann.token.split(".")[2]),
  ],
  "algorithm HS384": () => [bearer(own({ algorithm: "HS384" }))],
  "algorithm HS512": () => [bearer(own({ algorithm: "HS512" }))],
  "algorithm RS256": () => [bearer(own({ algorithm: "RS256" }))],
  "another algorithm in the header than was signed with": () => [bearer(own({ header: { alg: "HS512" } }))],
  "an unknown key id": () => [bearer(own({ header: { kid: "other" } }))],
  "a key id that is a path": () => [bearer(own({ header: { kid: "../../../../dev/null" } }))],
  "a key id that is no text": () => [bearer(own({ header: { kid: { a: 1 } } }))],
  "no key id": () => [bearer(own({ header: { kid: null } }))],
  "a key of one's own in the header": () => [
    bearer(forge(ann.token, { header: { jwk: { kty: "oct", k: btoa("mine") } }, secret: "mine" })),
  ],
  "an empty key": () => [bearer(forge(ann.token, { secret: "" }))],
  "another audience": () => [bearer(own({ claims: { aud: "somewhere-else" } }))],
  "another issuer": () => [bearer(own({ claims: { iss: "https://evil.example" } }))],
  "another type of token": () => [bearer(own({ header: { typ: "JWT" } }))],
  "no type": () => [bearer(own({ header: { typ: null } }))],
  "no session": () => [bearer(own({ claims: { sid: null } }))],
  "a subject that is no id": () => [bearer(own({ claims: { sub: "' OR 1=1 --" } }))],
  "a tampered token": () => [bearer(tamper(ann.token))],
  "other claims than were signed": () => {
    const [header, , signature] = ann.token.split(".")
    return [bearer([header, own({ claims: { sub: newId() } }).split(".")[1], signature].join("."))]
  },
  "two Authorization headers, the good one first": () => [bearer(ann.token), bearer("another")],
  "two Authorization headers, the good one last": () => [bearer("another"), bearer(ann.token)],
  "two good Authorization headers": () => [bearer(ann.token), bearer(ann.token)],
  "two tokens in one header": () => [["Authorization", `Bearer ${ann.token}, Bearer ${ann.token}`]],
  "a token without its signature": () => [bearer(`${ann.token.split(".").slice(0, 2).join(".")}.`)],
  "a header that is no JSON": () => [bearer(`${btoa("nojson")}.${ann.token.split(".").slice(1).join(".")}`)],
  "a payload that is no JSON": () => [bearer([ann.token.split(".")[0], btoa("nojson"), "abc"].join("."))],
  "an oversized token": () => [bearer(`${ann.token}${"x".repeat(12_000)}`)],
}

async function attack(row: Endpoint, headers: [string, string][], method: string = row.method, query = "") {
  const body = row.body ? JSON.stringify(bodyOf(row)) : undefined
  const type: [string, string][] = body === undefined ? [] : [["Content-Type", "application/json"]]
  return requestRaw(app.url + pathOf(row, ids) + query, {
    method: method.toUpperCase(),
    headers: [...headers, ...type],
    body,
  })
}

describe("every route that needs a user, with", () => {
  test.each(Object.keys(IMPOSTORS))("%s, is closed and does nothing", async (impostor) => {
    const before = await snapshot(app)
    const headers = (IMPOSTORS[impostor] as () => [string, string][])()
    await checkEach(rowsOf("user"), async (row) => {
      const answer = await attack(row, headers)
      expect([nameOf(row), answer.status]).toEqual([nameOf(row), 401])
      expect(JSON.parse(answer.text)).toMatchObject({ status: 401, code: "unauthenticated" })
      expect(answer.headers["www-authenticate"]).toBe("Bearer")
    })
    expect(await snapshot(app)).toEqual(before)
  })

  test("a token in the query, is closed", async () => {
    const query = `?token=${ann.token}&access_token=${ann.token}&authorization=Bearer%20${ann.token}`
    await checkEach(rowsOf("user"), async (row) => {
      expect([nameOf(row), (await attack(row, [], row.method, query)).status]).toEqual([nameOf(row), 401])
    })
  })

  test("HEAD for GET, or a method named in a header, is closed", async () => {
    const readable = rowsOf("user").filter(({ method }) => method === "get")
    await checkEach(readable, async (row) => {
      expect([nameOf(row), (await attack(row, [], "head")).status]).toEqual([nameOf(row), 401])
      const renamed = await attack(row, [["X-HTTP-Method-Override", "DELETE"], bearer(ann.token)], "put")
      expect([nameOf(row), renamed.status]).toEqual([nameOf(row), 405])
    })
  })

  test("a header that is too large, is refused before anything else", async () => {
    const answer = await attack(rowsOf("user")[0] as Endpoint, [bearer(`${ann.token}${"x".repeat(20_000)}`)])
    expect(answer.status).toBe(431)
  })

  test("the right token, is open", async () => {
    const { status } = await requestRaw(`${app.url}/user/me`, { headers: [bearer(ann.token)] })
    expect(status).toBe(200)
  })
})

describe("every route for operators", () => {
  const closed = (headers: [string, string][], at: TestApp = app) =>
    checkEach(rowsOf("admin"), async (row) => {
      const url = at.url + pathOf(row, ids)
      const answer = await requestRaw(url, { method: row.method.toUpperCase(), headers })
      expect([nameOf(row), [401, 403].includes(answer.status)]).toEqual([nameOf(row), true])
    })
  const right = () => app.ctx.config.admin.token as string

  test("exists", () => expect(rowsOf("admin").length).toBeGreaterThan(0))

  test.each<[string, () => [string, string][]]>([
    ["nobody", () => []],
    ["a user", () => [bearer(ann.token)]],
    ["a refresh token", () => [bearer(ann.refreshToken)]],
    ["an empty token", () => [["Authorization", "Bearer "]]],
    ["a wrong token", () => [bearer("wrong")]],
    ["the beginning of the token", () => [bearer(right().slice(0, -1))]],
    ["the token and more", () => [bearer(`${right()}x`)]],
    ["the token in other letters", () => [bearer(right().toUpperCase())]],
    ["the token twice", () => [bearer(right()), bearer(right())]],
    ["the token as a password", () => [["Authorization", `Basic ${btoa(`admin:${right()}`)}`]]],
    ["a user's token that claims a role", () => [bearer(own({ claims: { role: "admin", admin: true } }))]],
  ])("is closed to %s", async (_, headers) => {
    const before = await snapshot(app)
    await closed(headers())
    expect(await snapshot(app)).toEqual(before)
  })

  test("is closed to everybody where no token is set", async () => {
    await using bare = await startTestApp({ beside: app, worker: false, config: { admin: { token: null } } })
    for (const token of ["", " ", "null", "undefined", "false", right(), ann.token])
      await closed([["Authorization", `Bearer ${token}`]], bare)
  })

  test("opens by the token", async () => {
    expect((await requestRaw(`${app.url}/admin/replies`, { headers: [bearer(right())] })).status).toBe(200)
  })
})

describe("an operator's browser session", () => {
  const operators = rowsOf("admin").filter(({ path }) => path !== "/admin/session")
  const open = async () => {
    const answer = await requestRaw(`${app.url}/admin/session`, {
      method: "POST",
      headers: [bearer(app.ctx.config.admin.token as string), ["Content-Type", "application/json"]],
      body: JSON.stringify({ token: app.ctx.config.admin.token }),
    })
    return /admin_session=([^;]+)/.exec(String(answer.headers["set-cookie"]))?.[1] ?? `none: ${answer.text}`
  }
  const asked = (row: Endpoint, cookie: string, headers: [string, string][] = []) =>
    requestRaw(app.url + pathOf(row, ids), {
      method: row.method.toUpperCase(),
      headers: [["Cookie", `admin_session=${cookie}`], ["Content-Type", "application/json"], ...headers],
      body: row.body ? JSON.stringify(bodyOf(row)) : undefined,
    })
  const list = operators.find(({ path }) => path === "/admin/replies") as Endpoint

  test("is open to who has the cookie", async () => {
    expect((await asked(list, await open())).status).toBe(200)
  })

  test("is closed to every cookie that was not given out", async () => {
    const cookie = await open()
    const [payload = "", signature = ""] = cookie.split(".")
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString())
    const later = Buffer.from(JSON.stringify({ ...claims, expiresAt: claims.expiresAt + 3600 }))
    const forged = [
      "",
      "x",
      ".",
      payload,
      `${payload}.`,
      `.${signature}`,
      tamper(payload) + cookie.slice(payload.length),
      `${payload}.${tamper(signature)}`,
      `${later.toString("base64url")}.${signature}`,
      ann.token,
      ann.refreshToken,
    ]
    await checkEach(operators, async (row) => {
      for (const value of forged)
        expect([nameOf(row), value, (await asked(row, value)).status]).toEqual([nameOf(row), value, 401])
    })
  })

  test("changes nothing for pages of other sites", async () => {
    const cookie = await open()
    const before = await snapshot(app)
    const elsewhere: [string, string][][] = [
      [],
      [["Sec-Fetch-Site", "cross-site"]],
      [["Sec-Fetch-Site", "same-site"]],
      [["Sec-Fetch-Site", "none"]],
      [["Origin", "https://evil.example"]],
      [["Origin", "null"]],
    ]
    const changing = operators.filter(({ method }) => method !== "get")
    await checkEach(changing, async (row) => {
      for (const headers of elsewhere)
        expect([nameOf(row), headers, (await asked(row, cookie, headers)).status]).toEqual([
          nameOf(row),
          headers,
          403,
        ])
    })
    expect(await snapshot(app)).toEqual(before)
  })
})

test("metrics are closed to all but who has a token for them", async () => {
  for (const row of rowsOf("metrics")) {
    for (const headers of [[], [bearer(ann.token)], [bearer("wrong")], [["Authorization", "Bearer "]]] as [
      string,
      string,
    ][][])
      expect([nameOf(row), (await attack(row, headers)).status]).toEqual([nameOf(row), 401])
    expect((await attack(row, [bearer(app.ctx.config.admin.token as string)])).status).toBe(200)
  }
})

test("a route is open to anybody only where that was decided", () => {
  const OPEN = [
    "GET /",
    "GET /health/live",
    "GET /health/ready",
    "POST /auth/signup",
    "POST /auth/send-otp",
    "POST /auth/verify-otp",
    "POST /auth/forgot-password",
    "POST /auth/reset-password",
    "POST /auth/login",
    "POST /auth/refresh",
    // The link is what lets readers in.
    "GET /shared/:token",
    // A fixed page for who comes back from paying.
    "GET /subscription/return",
    // Its signature is checked instead.
    "POST /webhook/stripe",
    // The documentation holds nobody's data.
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/:file",
    // The web client's page and parts, without data.
    "GET /app",
    "GET /app/chat/:id",
    "GET /app/account",
    "GET /app/assets/:file",
    // The same page, and the script that puts it into other sites.
    "GET /embed.js",
    "GET /embed",
    "GET /embed/chat/:id",
    "GET /embed/account",
    "GET /app/sw.js",
    "GET /app/manifest.webmanifest",
    // Pages without data: what they show is asked for with a session, which is opened with a token.
    "GET /admin",
    "GET /admin/sign-in",
    "POST /admin/session",
    "DELETE /admin/session",
  ]
  expect(
    rowsOf("none")
      .map(nameOf)
      .filter((name) => !OPEN.includes(name)),
  ).toEqual([])
})

import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type SmsSimulator, startSmsSimulator } from "../../simulators/sms/server.ts"
import { payerOf } from "../billing/kit.ts"
import { PASSWORD, sendResetCode, signUp, wrong } from "../helpers/accounts.ts"
import { newMobileNumber, type SignedIn, signIn, type TestApp, WEBHOOK_SECRET } from "../helpers/app.ts"
import { createRoom, finalReply, send } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { type StoreProxy, useProxies } from "./kit/proxy.ts"
import { bearer, requestRaw } from "./kit/raw.ts"
import { bodyOf, pathOf, rows } from "./kit/rows.ts"
import { find, type Place, readQueueTables, readRedis, readTables } from "./kit/search.ts"

/** But for Stripe's without the form of any vendor's key, so that only knowing them keeps them out. */
const KEYS = {
  gemini: "canary.gemini.key.7f3a9c",
  jwt: "canary jwt secret, as long as it must be 51be",
  previousJwt: "canary old jwt secret, as long as it must be 9d",
  admin: "canary-admin-token-e2c4-and-some-more-of-it",
  twilio: "canary-twilio-token-aa17",
  stripe: "sk_test_canary40b8e1",
  metrics: "canary-metrics-token-93af-and-some-more-of-it",
}

/** What clients send that is none of the service's business. */
const STRAY = {
  stripeKey: "sk_live_canary51H8aQwErTy",
  stripeSignature: "t=1,v1=canarysignature00ff",
  webhookSecret: "whsec_canary0123456789",
  password: "canary-password-in-flight",
  cookie: "canary-session-cookie",
}

const secrets: Record<string, string> = { ...KEYS, ...STRAY }
const problems: Place[] = []

let sms: SmsSimulator
/** One for each fault of Gemini's, as a model that has failed so often is left alone for a while. */
const CANARY_MODELS = ["400", "403", "429", "500", "503", "broken"].map((fault) => `gemini-canary-${fault}`)

const app = useTestApp({
  stripe: true,
  timing: { replies: { firstRetryMs: 200 }, billing: { sweepMs: 200, firstRetryMs: 300 } },
  config: {
    jwt: { secret: KEYS.jwt, previousSecret: KEYS.previousJwt },
    gemini: {
      apiKey: KEYS.gemini,
      models: ["gemini-3.8-flash", ...CANARY_MODELS].map((name) => ({ name, tier: "basic" as const })),
    },
    admin: { token: KEYS.admin },
    metrics: { token: KEYS.metrics },
    stripe: { secretKey: KEYS.stripe },
  },
})
const ann = useUser(app, { pro: true })
const proxies = useProxies(app)
beforeAll(async () => {
  sms = await startSmsSimulator({ accountSid: "AC0", authToken: KEYS.twilio })
  secrets["webhook secret in use"] = WEBHOOK_SECRET
  secrets.databasePassword = decodeURIComponent(new URL(app.stores.database.url).password)
  keep("ann", ann)
})
afterAll(() => sms.close())
const cuttable = useTestApp(() => ({
  beside: app,
  config: {
    ...{ jwt: { secret: KEYS.jwt }, gemini: { apiKey: KEYS.gemini }, admin: { token: KEYS.admin } },
    ...proxies.config(),
    otp: { delivery: "twilio" },
    twilio: { accountSid: "AC0", authToken: KEYS.twilio, from: "+15005550006", baseUrl: sms.url },
  },
}))

function keep(name: string, { token, refreshToken, mobileNumber }: SignedIn) {
  const signatureOf = (text: string) => text.split(".").at(-1) as string
  secrets[`${name}'s token`] = signatureOf(token)
  secrets[`${name}'s refresh token`] = signatureOf(refreshToken)
  secrets[`${name}'s number`] = mobileNumber.slice(1)
}

/** Any request; what comes back as a problem is searched in the end. */
async function ask(
  at: TestApp,
  method: string,
  path: string,
  { body, headers = [] }: { body?: string | object; headers?: [string, string][] } = {},
) {
  const answer = await requestRaw(at.url + path, {
    method,
    headers: [["Content-Type", "application/json"], ...headers],
    body: typeof body === "object" ? JSON.stringify(body) : body,
  })
  if (answer.status >= 400)
    problems.push({ name: `${answer.status} ${method}`, text: answer.text + JSON.stringify(answer.headers) })
  return answer
}

const HEADERS: [string, string][] = [
  ["Stripe-Signature", STRAY.stripeSignature],
  ["X-Api-Key", STRAY.stripeKey],
  ["Cookie", `session=${STRAY.cookie}`],
  ["X-Request-Id", `${STRAY.webhookSecret} not taken over`],
]

/** Every route with secrets everywhere in the request, whole and broken. */
async function askEverything(at: TestApp, user: SignedIn) {
  const query = `?api_key=${STRAY.stripeKey}&password=${STRAY.password}&token=${user.token}&limit=x`
  for (const row of rows.filter(({ method }) => method !== "delete")) {
    const method = row.method.toUpperCase()
    const headers = [...HEADERS, bearer(row.auth === "admin" ? KEYS.admin : user.token)]
    const good = row.body
      ? { ...(bodyOf(row) as object), mobileNumber: user.mobileNumber, password: STRAY.password }
      : undefined
    const body = JSON.stringify(good)
    await ask(at, method, pathOf(row) + query, { headers, body })
    await ask(at, method, `${pathOf(row)}/${STRAY.password}`, { headers, body })
    if (body === undefined) continue
    await ask(at, method, pathOf(row), { headers, body: body.slice(0, -1) })
    await ask(at, method, pathOf(row), {
      headers,
      body: { [STRAY.password]: STRAY.stripeKey },
    })
  }
}

/** Somebody who may be logged out and given another password. */
async function somebody(): Promise<SignedIn> {
  const user = await signIn(app)
  keep(user.user.id, user)
  return user
}

/** Everywhere that somebody else may read, now or later. */
async function expectNowhere() {
  const places = [
    ...(await readRedis(app)),
    ...(await readQueueTables(app)),
    { name: "log", text: app.logs() },
    { name: "log of the other process", text: cuttable.logs() },
    ...problems,
  ]
  expect(places.length).toBeGreaterThan(5)
  expect(find(secrets, places)).toEqual([])
}

describe("a secret is found in no log, job, key or problem", () => {
  test("after signing in, up, out and wrong, in every way", async () => {
    const { http } = app
    const { mobileNumber, token } = ann
    secrets.password = PASSWORD
    await http.post("/auth/change-password", { newPassword: PASSWORD }, { token })
    const code = await sendResetCode(app, mobileNumber)
    secrets.code = code
    await ask(app, "POST", "/auth/verify-otp", { body: { mobileNumber, otp: wrong(code) } })
    await ask(app, "POST", "/auth/verify-otp", { body: `{"mobileNumber":"${mobileNumber}","otp":"${code}"` })
    await ask(app, "POST", "/auth/verify-otp", { body: { mobileNumber, otp: code, code } })
    await ask(app, "POST", "/auth/login", {
      body: { mobileNumber, password: STRAY.password },
    })
    await ask(app, "POST", "/auth/refresh", {
      body: JSON.stringify({ refreshToken: `${ann.refreshToken}x` }),
    })
    await ask(app, "GET", `/auth/verify-otp/${code}?token=${token}`, { headers: [bearer(token)] })
    const again = await http.post("/auth/login", { mobileNumber, password: PASSWORD })
    keep("ann's second", { ...again.body, mobileNumber })
    const bob = await somebody()
    const otp = await sendResetCode(app, bob.mobileNumber)
    Object.assign(secrets, { "bob's code": otp, "bob's password": "another canary password" })
    const reset = { mobileNumber: bob.mobileNumber, otp, newPassword: "another canary password" }
    expect((await http.post("/auth/reset-password", reset)).status).toBe(204)
    const { http: bobs } = await signIn(app, bob)
    expect((await bobs.delete("/user/me")).status).toBe(202)
    await expectNowhere()
  })

  test("after requests that are malformed in every way", async () => {
    await askEverything(app, await somebody())
    await expectNowhere()
  })

  test.each<[string, number, string]>([
    ["refuses the key and quotes it", 400, "INVALID_ARGUMENT"],
    ["forbids and quotes it", 403, "PERMISSION_DENIED"],
    ["has an error and quotes it", 500, "INTERNAL"],
    ["is overloaded and quotes it", 503, "UNAVAILABLE"],
    ["limits and quotes it", 429, "RESOURCE_EXHAUSTED"],
  ])("after Gemini %s, while a job waits to try again and afterwards", async (_, code, status) => {
    const message = `Key ${KEYS.gemini} of ${ann.mobileNumber} (Bearer ${ann.token}, ${STRAY.stripeKey}): ${PASSWORD}`
    const body = Buffer.from(JSON.stringify({ error: { code, status, message } }))
    const text = `canary question ${code}`
    app.gemini.replay({ body, status: code, contentType: "application/json", text, calls: 3 })
    await expectNowhereAround(text, `gemini-canary-${code}`)
  })

  /** Asks, and looks for secrets while the job waits to try again and afterwards. */
  async function expectNowhereAround(text: string, model: string) {
    const room = await createRoom(app, ann, { model })
    const { body: sent } = await send(app, ann, room, text)
    await expect.poll(() => app.gemini.calls().some(({ prompt }) => prompt.includes(text))).toBe(true)
    await expectNowhere()
    await finalReply(app, ann, sent.reply)
    await expectNowhere()
  }

  test("after a stream from Gemini that breaks off in the middle of an error", async () => {
    const text = "canary question in pieces"
    const body = Buffer.from(`data: {"error":{"message":"${KEYS.gemini} ${ann.mobileNumber}"`)
    app.gemini.replay({ body, text, calls: 3, ending: "end" })
    await expectNowhereAround(text, "gemini-canary-broken")
  })

  test("after Stripe refuses a user's call and a job's, and quotes the key and the number", async () => {
    const bob = await somebody()
    const message = `Invalid API Key provided: ${KEYS.stripe} for ${bob.mobileNumber} (Bearer ${bob.token})`
    app.stripe.fail({ method: "POST", path: "/v1/customers", status: 401, message })
    const headers = [bearer(bob.token)]
    expect((await ask(app, "POST", "/subscribe/pro", { headers })).status).toBe(503)
    const { sessionId } = await payerOf(app, bob).subscribe()
    // The reconciler may be the first to ask; it is the job of an event that is looked for.
    app.stripe.fail({ method: "GET", path: "/v1/subscriptions", status: 401, message, times: 3 })
    app.stripe.completeCheckout(sessionId)
    await expect.poll(() => app.logs() + cuttable.logs()).toContain("billing_failed")
    await expectNowhere()
    await payerOf(app, bob).untilStanding({ tier: "pro" })
    await expectNowhere()
  })

  test("after the carrier refuses, fails, cuts and quotes the number", async () => {
    for (const failure of [{ code: 21211 }, { code: 20003 }, { status: 502 }, "cut"] as const) {
      const number = await signUp(cuttable)
      secrets[`number of ${JSON.stringify(failure)}`] = number.slice(1)
      sms.fail(failure, failure)
      await ask(cuttable, "POST", "/auth/send-otp", { body: { mobileNumber: number } })
      await cuttable.ctx.background.drain()
    }
    await expectNowhere()
  })

  test("after the database says no and quotes the row", async () => {
    const room = await createRoom(app, ann)
    const tables = [
      "users",
      "sessions",
      "one_time_codes",
      "sign_ups",
      "counters",
      "chatrooms",
      "messages",
      "usage_counters",
    ]
    for (const table of tables)
      await app.pool.query(`ALTER TABLE ${table} ADD CONSTRAINT canary_${table} CHECK (false) NOT VALID`)
    try {
      const { mobileNumber } = ann
      const headers = [bearer(ann.token)]
      const body = { name: STRAY.password }
      const answers = await Promise.all([
        ask(app, "POST", "/auth/signup", { body: { ...body, mobileNumber: newMobileNumber() } }),
        ask(app, "POST", "/auth/send-otp", { body: { mobileNumber: newMobileNumber() } }),
        ask(app, "POST", "/auth/login", { body: { mobileNumber, password: PASSWORD } }),
        ask(app, "PATCH", "/user/me", { body, headers }),
        ask(app, "PATCH", `/chatroom/${room.id}`, { body, headers }),
        ask(app, "POST", `/chatroom/${room.id}/message`, { body: { message: STRAY.password }, headers }),
      ])
      expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(500))
    } finally {
      for (const table of tables) await app.pool.query(`ALTER TABLE ${table} DROP CONSTRAINT canary_${table}`)
    }
    await expectNowhere()
  })

  test("after Redis has gone", async () => {
    const user = await somebody()
    await without(proxies.redis, () => askEverything(cuttable, user))
    await expectNowhere()
  })

  test("after the database has gone", async () => {
    const user = await somebody()
    await without(proxies.database, async () => {
      const { status } = await ask(cuttable, "GET", "/user/me", { headers: [bearer(user.token)] })
      expect(status).toBe(503)
      await askEverything(cuttable, user)
    })
    await expectNowhere()
  })

  async function without(store: StoreProxy | null, work: () => Promise<unknown>) {
    store?.cut()
    try {
      await work()
    } finally {
      store?.mend()
    }
  }
})

test("the database itself holds no code, password, token or key in clear", async () => {
  const { "ann's number": _, ...unreadable } = secrets
  const names = Object.keys(unreadable).filter((name) => !/number/.test(name))
  const places = [...(await readTables(app.pool, "public")), ...(await readQueueTables(app))]
  const kept = places.filter(({ name }) => !/chatrooms|messages|idempotency/.test(name))
  expect(kept.length).toBeGreaterThan(5)
  expect(find(Object.fromEntries(names.map((name) => [name, unreadable[name] as string])), kept)).toEqual([])
})

test("what the search looks for, it finds", () => {
  const place = (text: string) => [{ name: "log", text }]
  expect(find({ code: "123456" }, place('{"otp":"123456"}'))).toEqual(["code in log"])
  expect(find({ code: "123456" }, place("01a2-123456-7f"))).toEqual([])
  expect(find({ key: "abc" }, place("xabcx"))).toEqual(["key in log"])
})

import { describe, expect, test } from "vitest"
import { count, times } from "../helpers/answers.ts"
import { startTestApp, type TestApp } from "../helpers/app.ts"
import { makePro } from "../helpers/chat.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { newPayer, newProPayer, type Payer, passPeriod, passTime, untilQuiet, withoutEvents } from "./kit.ts"

const FRONT_END = "https://app.example.com"
const config = { http: { corsOrigins: [FRONT_END], publicUrl: "https://api.example.com/chat" } }
const timing = {
  billing: { stripeRetryMs: 50, firstRetryMs: 300 },
}
const app = useTestApp({ stripe: true, timing, config })
const beside = useTestApp({ beside: app, worker: false, timing, config })

/** Does as a browser does that Stripe sends to this address. @returns the reply of this service, unfollowed */
async function returnTo(address: string | null, sessionId: string) {
  const url = new URL((address ?? "").replace("{CHECKOUT_SESSION_ID}", sessionId))
  const { pathname, search } = url
  const response = await fetch(`${app.url}${pathname.replace("/chat", "")}${search}`, { redirect: "manual" })
  return { status: response.status, location: response.headers.get("location"), text: await response.text() }
}

const sessionOf = (id: string) => app.ctx.stripe.checkout.sessions.retrieve(id)

const click = (user: Payer, at = app) => at.http.post("/subscribe/pro", undefined, { token: user.token })
const created = (path: string) =>
  app.stripe.calls().filter((call) => call.method === "POST" && call.path === path && call.status === 200)

describe("POST /subscribe/pro", () => {
  test("gives a page that names the user, the price and the way back", async () => {
    const ann = await newPayer(app)
    const { url, sessionId } = await ann.subscribe()
    const session = await app.ctx.stripe.checkout.sessions.retrieve(sessionId, { expand: ["line_items"] })
    expect(session).toMatchObject({
      mode: "subscription",
      client_reference_id: ann.user.id,
      metadata: { user_id: ann.user.id },
      customer: await ann.stripeId(),
    })
    expect(session.line_items?.data[0]?.price?.id).toBe(app.ctx.config.stripe.proPrices[0])
    expect(session.success_url).toMatch(
      /\/subscription\/return\?from=paid&sessionId=\{CHECKOUT_SESSION_ID\}$/,
    )
    expect(url).toBe(session.url)
    expect(JSON.stringify(session)).not.toContain(ann.mobileNumber)
  })

  test("20 clicks at once in two processes make one customer and one page", async () => {
    const ann = await newPayer(app)
    const customers = created("/v1/customers").length
    const sessions = created("/v1/checkout/sessions").length
    const answers = await times(20, (n) => click(ann, n % 2 ? app : beside))
    expect(count(answers, 200)).toBe(20)
    expect(new Set(answers.map(({ body }) => body.sessionId)).size).toBe(1)
    expect(created("/v1/customers").length - customers).toBe(1)
    expect(created("/v1/checkout/sessions").length - sessions).toBe(1)
  })

  test("a page that has expired is replaced", async () => {
    const ann = await newPayer(app)
    const first = await ann.subscribe()
    app.stripe.expireCheckout(first.sessionId)
    expect((await ann.subscribe()).sessionId).not.toBe(first.sessionId)
  })

  test("a user whose payment's events haven't arrived yet gets a 409, too", async () => {
    const ann = await newPayer(app)
    app.stripe.delivery({ mode: "held" })
    try {
      const { sessionId } = await ann.subscribe()
      app.stripe.completeCheckout(sessionId, { card: "ok" })
      expect((await click(ann)).body.code).toBe("already_subscribed")
      expect(await ann.standing()).toMatchObject({ tier: "pro", status: "active" })
    } finally {
      app.stripe.delivery({ mode: "live" })
      await app.stripe.release()
    }
  })

  test("a declined card changes nothing, and the page stays good", async () => {
    const ann = await newPayer(app)
    const { sessionId } = await ann.subscribe()
    app.stripe.completeCheckout(sessionId, { card: "decline" })
    await untilQuiet(app)
    expect(await ann.standing()).toMatchObject({ tier: "basic" })
    expect((await ann.subscribe()).sessionId).toBe(sessionId)
  })

  test("a payment that takes days: Basic until it has arrived, and no second page meanwhile", async () => {
    const [ann, bob] = [await newPayer(app), await newPayer(app)]
    const [anns, bobs] = [await ann.subscribe(), await bob.subscribe()]
    for (const { sessionId } of [anns, bobs]) app.stripe.completeCheckout(sessionId, { async: "pending" })
    await untilQuiet(app)
    for (const user of [ann, bob]) {
      expect(await user.standing()).toMatchObject({ tier: "basic" })
      expect((await click(user)).status).toBe(409)
    }
    app.stripe.completeCheckout(anns.sessionId, { async: "succeed" })
    app.stripe.completeCheckout(bobs.sessionId, { async: "fail" })
    await ann.untilStanding({ tier: "pro" })
    await untilQuiet(app)
    expect(await bob.standing()).toMatchObject({ tier: "basic" })
    expect((await bob.subscribe()).sessionId).not.toBe(bobs.sessionId)
  })

  test("a customer that was deleted at Stripe is replaced", async () => {
    const ann = await newProPayer(app)
    const before = await ann.stripeId()
    app.stripe.deleteCustomer(before)
    await ann.untilStanding({ tier: "basic" })
    await ann.becomePro()
    expect(await ann.stripeId()).not.toBe(before)
  })

  test("a customer that was deleted at Stripe with a page open gets a page that can be paid on", async () => {
    const ann = await newPayer(app)
    const first = await ann.subscribe()
    app.stripe.deleteCustomer(await ann.stripeId())
    expect((await ann.subscribe()).sessionId).not.toBe(first.sessionId)
    await ann.becomePro()
  })

  test("a page that is paid while the user asks for another gives no second one", async () => {
    const ann = await newPayer(app)
    const { sessionId } = await ann.subscribe()
    const path = `/v1/checkout/sessions/${sessionId}`
    app.stripe.fail({ method: "GET", path, status: "slow", delayMs: 1_000, times: 1 })
    const reads = () =>
      app.stripe.calls().filter((call) => call.method === "GET" && call.path === path).length
    const before = reads()
    const second = click(ann)
    await expect.poll(reads).toBeGreaterThan(before)
    app.stripe.completeCheckout(sessionId, { card: "ok" })
    const { status, body } = await second
    expect([status, body.code]).toEqual([409, "already_subscribed"])
  })

  test("users who are Pro, by payment or by an operator, get a 409 instead of a page", async () => {
    const operators = await newPayer(app)
    await makePro(app, operators)
    for (const user of [operators, await newProPayer(app)]) {
      const { status, body } = await click(user)
      expect([status, body.code, body.portal]).toEqual([409, "already_subscribed", "/subscription/portal"])
    }
    expect(await operators.stripeId()).toBeNull()
  })
})

type Fault = Parameters<TestApp["stripe"]["fail"]>[0]

describe("while Stripe is down", () => {
  test.each<[string, Partial<Fault>]>([
    ["answers 500", { status: 500 }],
    ["breaks the connection", { status: "reset" }],
    ["rejects the key", { status: 401, type: "invalid_request_error" }],
    ["rejects the call as too many", { status: 429, type: "rate_limit_error" }],
  ])("it %s: 503, no half-made customer, and the next click goes on", async (_, fault) => {
    const ann = await newPayer(app)
    app.stripe.fail({ method: "POST", path: "/v1/customers", times: 3, ...fault })
    const { status, body, headers } = await click(ann)
    expect([status, body.code]).toEqual([503, "unavailable"])
    expect(headers.get("retry-after")).toBeTruthy()
    expect(await ann.stripeId()).toBeNull()
    // What is left of the fault is used up here at the latest.
    await expect.poll(async () => (await click(ann)).status).toBe(200)
    expect((await ann.atStripe()).deleted).toBe(false)
  })

  test("a call that is still running there makes no second customer", async () => {
    const ann = await newPayer(app)
    app.stripe.fail({ method: "POST", path: "/v1/customers", status: "reset", times: 3 })
    expect((await click(ann)).status).toBe(503)
    const { idempotencyKey } = app.stripe.calls().findLast(isCreation) as { idempotencyKey: string }
    // As if the first call had come through all the same, and took long.
    app.stripe.fail({ method: "POST", path: "/v1/customers", status: "slow", delayMs: 3_000 })
    const metadata = { user_id: ann.user.id, billing_customer_id: await ann.customerId() }
    const before = app.stripe.calls().length
    const creations = () => app.stripe.calls().slice(before).filter(isCreation)
    const first = app.ctx.stripe.customers.create({ metadata }, { idempotencyKey })
    await expect.poll(() => creations().length).toBe(1)
    // 200 where the machine stood still for so long that the first is through by the last try.
    expect([503, 200]).toContain((await click(ann)).status)
    expect(creations().map(({ status }) => status)).toContain(409)
    await expect.poll(async () => (await click(ann)).status).toBe(200)
    expect(await ann.stripeId()).toBe((await first).id)
  })

  const isCreation = ({ method, path }: { method: string; path: string }) =>
    method === "POST" && path === "/v1/customers"

  test("the portal answers 503", async () => {
    const ann = await newPayer(app)
    await ann.subscribe()
    app.stripe.fail({ path: "/v1/billing_portal/sessions", times: 3, status: 500 })
    expect((await ann.http.post("/subscription/portal")).status).toBe(503)
  })
})

describe("the rest", () => {
  test("POST /subscription/portal gives Stripe's page to users who have a customer there", async () => {
    const ann = await newPayer(app)
    const open = () => ann.http.post("/subscription/portal")
    const problem = { status: 409, code: "not_subscribed", upgrade: "/subscribe/pro" }
    expect((await open()).body).toMatchObject(problem)
    await ann.subscribe()
    const { status, body } = await open()
    expect(status).toBe(200)
    expect((await fetch(body.url)).status).toBe(200)
  })

  test("users see no other user's subscription or history", async () => {
    const [ann, bob] = [await newPayer(app), await newPayer(app)]
    await ann.becomePro()
    expect(await bob.standing()).toMatchObject({ tier: "basic", status: "none" })
    expect((await bob.http.get("/subscription/history")).body).toEqual([])
    expect((await bob.http.get("/subscription/history?cursor=WzFd")).status).toBe(400)
  })

  test.each(["paid", "left", "portal", "%3Cscript%3E", "__proto__", "toString"])(
    "the page to come back to, from=%s",
    async (from) => {
      const { status, headers, body } = await app.http.get(`/subscription/return?from=${from}`)
      expect(status).toBe(200)
      expect(headers.get("content-type")).toMatch("text/html")
      expect(body).not.toContain("<script>")
    },
  )
})

describe("a payer who returns, and no event has arrived", () => {
  /** A user who has paid and is sent back, while no event arrives. */
  async function payUnheard(body?: object) {
    const ann = await newPayer(app)
    const { sessionId } = (await ann.http.post("/subscribe/pro", body)).body
    await withoutEvents(app, async () => app.stripe.completeCheckout(sessionId))
    const { success_url, cancel_url } = await sessionOf(sessionId)
    return { ann, sessionId, success_url, cancel_url }
  }

  test("is Pro, and told so", async () => {
    const { ann, sessionId, success_url } = await payUnheard()
    expect(await ann.standing()).toMatchObject({ tier: "basic" })
    const { status, text } = await returnTo(success_url, sessionId)
    expect([status, text]).toEqual([200, expect.stringContaining("Pro is active")])
    expect(await ann.standing()).toMatchObject({ tier: "pro", status: "active" })
    expect((await ann.history())[0]).toMatchObject({ cause: "checkout" })
    // Whoever comes once more costs no call. What the service does by itself for others is over by then.
    await untilQuiet(app)
    const before = app.stripe.calls().length
    await returnTo(success_url, sessionId)
    expect(app.stripe.calls().length).toBe(before)
  })

  test("while Stripe fails is told what isn't known, and Pro as soon as it is back", async () => {
    const { ann, sessionId, success_url } = await payUnheard()
    // Nobody else's job may use the failures up.
    await untilQuiet(app)
    app.stripe.fail({ path: "/v1/subscriptions", times: 3 })
    const { status, text } = await returnTo(success_url, sessionId)
    expect([status, text]).toEqual([200, expect.stringContaining("hasn't confirmed your payment yet")])
    await ann.untilStanding({ tier: "pro" })
  })

  test.each(["cs_unknown", "%27", "a".repeat(255)])(
    "with the unknown session %s is told nothing",
    async (id) => {
      const { status, text } = await returnTo(`${app.url}/subscription/return?from=paid&sessionId=${id}`, "")
      expect([status, text]).toEqual([200, expect.stringContaining("If you paid")])
    },
  )

  test("goes on to the front end, and is Pro by then", async () => {
    const returnUrl = `${FRONT_END}/billing?tab=plan`
    const { ann, sessionId, success_url, cancel_url } = await payUnheard({ returnUrl })
    const back = await returnTo(success_url, sessionId)
    expect([back.status, back.location]).toEqual([303, `${returnUrl}&from=paid`])
    expect(await ann.standing()).toMatchObject({ tier: "pro" })
    expect((await returnTo(cancel_url, sessionId)).location).toBe(`${returnUrl}&from=left`)
  })
})

describe("returnUrl", () => {
  test.each([`${FRONT_END}/`, FRONT_END, "https://api.example.com/app#billing"])(
    "%s is taken",
    async (returnUrl) => {
      const ann = await newPayer(app)
      const { status, body } = await ann.http.post("/subscribe/pro", { returnUrl })
      expect(status).toBe(200)
      expect((await sessionOf(body.sessionId)).success_url).toContain(encodeURIComponent(returnUrl))
      const portal = await ann.http.post("/subscription/portal", { returnUrl })
      expect(portal.status).toBe(200)
    },
  )

  test.each([
    "https://evil.example",
    "https://app.example.com.evil.example/",
    "https://app.example.com@evil.example/",
    "https://user:secret@app.example.com/",
    "http://app.example.com/",
    "javascript:alert(1)",
    "//app.example.com/",
    "",
  ])("%s is refused, and never followed", async (returnUrl) => {
    const ann = await newPayer(app)
    for (const path of ["/subscribe/pro", "/subscription/portal"]) {
      const { status, body } = await ann.http.post(path, { returnUrl })
      expect([path, status, body.errors?.[0]?.path]).toEqual([path, 400, "body.returnUrl"])
    }
    const to = encodeURIComponent(returnUrl)
    const back = await returnTo(`${app.url}/subscription/return?from=left&to=${to}`, "")
    expect([back.status, back.location]).toEqual([200, null])
  })

  test("another one makes another page, and the same one the same", async () => {
    const ann = await newPayer(app)
    const open = async (returnUrl?: string) =>
      (await ann.http.post("/subscribe/pro", { returnUrl })).body.sessionId
    const first = await open(FRONT_END)
    expect(await open(FRONT_END)).toBe(first)
    const second = await open()
    expect(second).not.toBe(first)
    expect((await sessionOf(first)).status).toBe("expired")
  })
})

describe("a renewal that can't be charged", () => {
  test.each([
    ["fails", "insufficient_on_renewal"],
    ["needs 3-D Secure", "authenticate_on_renewal"],
  ] as const)("and %s has an actionUrl until it is paid there", async (_, card) => {
    const ann = await newProPayer(app)
    expect(await ann.standing()).toMatchObject({ actionUrl: null })
    app.stripe.changeCard(await ann.stripeId(), card)
    await passPeriod(app, ann)
    await passTime(app, { hours: 2 })
    const { actionUrl } = await ann.untilStanding({ status: "past_due", actionUrl: expect.any(String) })
    const [invoice] = (await app.ctx.stripe.invoices.list({ subscription: ann.subscription, status: "open" }))
      .data
    expect(actionUrl).toBe(invoice?.hosted_invoice_url)
    app.stripe.payInvoice(invoice?.id as string, { card: "ok" })
    await ann.untilStanding({ status: "active", actionUrl: null })
  })
})

describe("the portal", () => {
  /** Asks a process with this configuration for the portal. */
  async function openPortal(user: Payer, portalConfiguration: string | null) {
    const config = { stripe: { portalConfiguration } }
    await using other = await startTestApp({ beside: app, worker: false, config })
    return await other.http.post("/subscription/portal", undefined, { token: user.token })
  }

  test("is that of STRIPE_PORTAL_CONFIGURATION", async () => {
    const ann = await newPayer(app)
    await ann.subscribe()
    const { id } = await app.ctx.stripe.billingPortal.configurations.create({
      features: { invoice_history: { enabled: true } },
    })
    const before = app.stripe.events().length
    for (const configuration of [id, null]) expect((await openPortal(ann, configuration)).status).toBe(200)
    const made = app.stripe.events().slice(before)
    const sessions = made.filter(({ type }) => type === "billing_portal.session.created")
    expect(sessions.map(({ data }) => data.object)).toMatchObject([
      { configuration: id },
      { configuration: expect.not.stringMatching(id) },
    ])
    // One that isn't there is a fault of ours, not of the user.
    expect(await openPortal(ann, "bpc_missing")).toMatchObject({ status: 503, body: { code: "unavailable" } })
  })
})

import Stripe from "stripe"
import { describe, expect, test } from "vitest"
import { PRO_PRICE } from "../../simulators/stripe/server.ts"
import { clientOf, refused, useStripe } from "./stripe-kit.ts"

const { simulator, stripe } = await useStripe()

/** What a bare request is refused with. */
async function errorOf(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
  const sent = { authorization: "Bearer sk_test_x", "content-type": "application/x-www-form-urlencoded" }
  const response = await fetch(`${simulator.url}${path}`, { method, headers: { ...sent, ...headers }, body })
  expect(response.headers.get("request-id")).toMatch(/^req_/)
  return { status: response.status, ...((await response.json()) as { error: Record<string, unknown> }).error }
}

describe("a request is refused", () => {
  test("with a wrong key", async () => {
    const error = await refused(clientOf(simulator.url, {}, "sk_live_1234567890").customers.list())
    expect(error).toBeInstanceOf(Stripe.errors.StripeAuthenticationError)
    expect(error.message).toMatch(/^Invalid API Key provided: sk_live_\*+7890$/)
    const message = expect.stringContaining("You did not provide an API key")
    const without = await errorOf("GET", "/v1/customers", undefined, { authorization: "" })
    expect(without).toMatchObject({ status: 401, message })
  })

  const CHECKOUT = "mode=subscription&success_url=http://a&line_items[0]"
  const MISSING = { status: 400, code: "parameter_missing", param: "customer" }
  const NONE = { code: "resource_missing" }

  const UNKNOWN = { code: "parameter_unknown", message: "Received unknown parameter: emial" }
  const param = "line_items[0][price]"

  test.each([
    ["customers/cus_none", { status: 404, ...NONE, message: "No such customer: 'cus_none'" }],
    ["nothing", { status: 404, type: "invalid_request_error" }],
    ["customers?limit=1000", { status: 400, param: "limit" }],
    ["customers?expand[]=data.email.more.and.more.and", { status: 400 }],
  ])("for what is missing or unknown in GET %s", async (path, error) => {
    expect(await errorOf("GET", `/v1/${path}`)).toMatchObject(error)
  })

  test.each([
    ["checkout/sessions", `${CHECKOUT}[price]=no`, { ...NONE, param, message: "No such price: 'no'" }],
    ["checkout/sessions", `${CHECKOUT}[prise]=x`, { ...MISSING, param }],
    ["customers", "emial=a", UNKNOWN],
    ["subscriptions", "items[0][price]=x", { ...MISSING, message: "Missing required param: customer." }],
  ])("for what is missing or unknown in POST %s %s", async (path, body, error) => {
    expect(await errorOf("POST", `/v1/${path}`, body)).toMatchObject({ status: 400, ...error })
  })

  test("for a subscription without a card", async () => {
    const { id: customer } = await stripe.customers.create()
    const error = await refused(stripe.subscriptions.create({ customer, items: [{ price: PRO_PRICE }] }))
    expect(error).toMatchObject({ statusCode: 400, code: "resource_missing" })
    expect(error.message).toContain("This customer has no attached payment source")
  })

  test.each([
    ["a[b=1"],
    ["email=a&email[b]=1"],
    [`metadata${"[a]".repeat(50)}=1`],
    ["%E0%A4%A"],
    ["__proto__[x]=1"],
    ["metadata=text"],
    [Array.from({ length: 3000 }, (_, at) => `metadata[k${at}]=v`).join("&")],
    ["expand[a][b]=c"],
    ["customer[]=a", "/v1/subscriptions"],
    ["\u0000=\u0000", "/v1/customers/%00"],
    ["a=1", "/v1/customers/%E0%A4%A"],
    ["a".repeat(2_000_000)],
  ])("and not crashed by %.40s", async (body, path = "/v1/customers") => {
    const { status } = await errorOf("POST", path, body)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect((await stripe.customers.create()).object).toBe("customer")
  })
})

describe("an Idempotency-Key", () => {
  test("gives the first answer again", async () => {
    const first = await stripe.customers.create({ name: "Ada" }, { idempotencyKey: "k1" })
    const again = await stripe.customers.create({ name: "Ada" }, { idempotencyKey: "k1" })
    expect(again.id).toBe(first.id)
    expect(again.lastResponse.headers["idempotent-replayed"]).toBe("true")
    expect(first.lastResponse.headers).not.toHaveProperty("idempotent-replayed")
    expect((await stripe.customers.list()).data).toHaveLength(1)
    const other = await refused(stripe.customers.create({ name: "Bob" }, { idempotencyKey: "k1" }))
    expect(other).toBeInstanceOf(Stripe.errors.StripeIdempotencyError)
  })

  test("is in use while its call is in flight", async () => {
    simulator.fail({ path: "/v1/customers", status: "slow", delayMs: 200 })
    const create = () => stripe.customers.create({ name: "Ada" }, { idempotencyKey: "k2" })
    // Sent in one turn, so that no pause of this process comes between them; either may be the first.
    const both = await Promise.allSettled([create(), create()])
    expect(both.toSorted((a, b) => a.status.localeCompare(b.status))).toMatchObject([
      { status: "fulfilled", value: { name: "Ada" } },
      { status: "rejected", reason: { statusCode: 409, code: "idempotency_key_in_use" } },
    ])
  })

  test("survives an answer that was lost", async () => {
    const stripe = clientOf(simulator.url, { maxNetworkRetries: 2 })
    simulator.fail({ method: "POST", path: "/v1/customers", status: "reset", when: "after" })
    const made = await stripe.customers.create({ name: "Ada" })
    expect((await stripe.customers.list()).data.map(({ id }) => id)).toEqual([made.id])
    const [lost, answered] = simulator.calls()
    expect(lost).toMatchObject({ status: null, method: "POST", path: "/v1/customers" })
    expect(answered).toMatchObject({ status: 200, idempotencyKey: lost?.idempotencyKey })
  })
})

describe("what is scripted to fail", () => {
  test.each([
    [500, {}, "StripeAPIError"],
    [429, {}, "StripeRateLimitError"],
    [402, { type: "card_error", code: "card_declined" }, "StripeCardError"],
  ] as const)("fails with %i, once", async (status, more, type) => {
    simulator.fail({ path: "/v1/customers", status, ...more })
    expect(await refused(stripe.customers.list())).toMatchObject({ statusCode: status, type })
    expect((await stripe.customers.list()).data).toEqual([])
  })

  test("says whether trying again helps", async () => {
    const stripe = clientOf(simulator.url, { maxNetworkRetries: 2 })
    simulator.fail({ path: "/v1/", status: 500, shouldRetry: false })
    expect((await refused(stripe.customers.list())).statusCode).toBe(500)
    simulator.fail({ path: "/v1/", status: 429, shouldRetry: true })
    expect((await stripe.customers.list()).data).toEqual([])
  })

  test("ends the connection or never answers", async () => {
    simulator.fail({ method: "GET", path: "/^\\/v1\\/customers$/", status: "reset", times: 2 })
    // The SDK tries a reset connection once more, however few retries it is allowed.
    expect(await refused(stripe.customers.list())).toBeInstanceOf(Stripe.errors.StripeConnectionError)
    simulator.fail({ path: "/v1/customers", status: "timeout" })
    const impatient = clientOf(simulator.url, { timeout: 500 })
    expect((await refused(impatient.customers.list())).message).toContain("timeout")
    expect(simulator.calls().map(({ status }) => status)).toEqual([null, null, null])
  })
})

describe("the version", () => {
  test("is answered, and must be one", async () => {
    const list = await stripe.customers.list()
    expect(list.lastResponse.apiVersion).toBe("2026-10-28.endive")
    const error = await errorOf("GET", "/v1/customers", undefined, { "stripe-version": "tomorrow" })
    expect(error).toMatchObject({ status: 400, message: "Invalid Stripe API version: tomorrow" })
  })
})

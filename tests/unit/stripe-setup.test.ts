import Stripe from "stripe"
import { expect, test } from "vitest"
import { PRO_PRICE, PRO_PRICE_YEARLY } from "../../simulators/stripe/server.ts"
import { HANDLED_EVENTS } from "../../src/services/billing/event-types.ts"
import { runSetup } from "../../tools/scripts/stripe/run-setup.ts"
import { useStripe } from "../simulators/stripe-kit.ts"

const { simulator, stripe } = await useStripe()

const URL_OF_SERVICE = "https://chat.example.com"
const ENDPOINT = `${URL_OF_SERVICE}/webhook/stripe`

/** Runs the command in the simulated account. */
async function setUp(args: string[] = [], variables: Record<string, string> = {}) {
  const said = { out: [] as string[], err: [] as string[] }
  const environment = {
    STRIPE_SECRET_KEY: "sk_test_simulated",
    STRIPE_BASE_URL: simulator.url,
    PUBLIC_URL: URL_OF_SERVICE,
    ...variables,
  }
  const code = await runSetup(args, environment, {
    out: (text) => said.out.push(text),
    err: (text) => said.err.push(text),
  })
  const out = said.out.join("")
  const variable = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(out)?.[1]
  return { code, out, err: said.err.join(""), variable }
}

/** What the setup is about, as the account has it. */
async function account() {
  const [products, prices, portals, endpoints] = await Promise.all([
    stripe.products.list(),
    stripe.prices.list(),
    stripe.billingPortal.configurations.list({ is_default: false }),
    stripe.webhookEndpoints.list(),
  ])
  return { products: products.data, prices: prices.data, portals: portals.data, endpoints: endpoints.data }
}

/** Leaves the account without the price that the simulator has from the start. */
async function emptyCatalog(): Promise<void> {
  await stripe.prices.update(PRO_PRICE, { lookup_key: "something_else" })
}

test("an account without anything gets a product, its price, a portal and an endpoint", async () => {
  await emptyCatalog()
  const { code, variable } = await setUp()
  expect(code).toBe(0)
  const { products, prices, portals, endpoints } = await account()
  const price = prices.find(({ lookup_key }) => lookup_key === "pro_monthly")
  expect(price).toMatchObject({
    id: variable("STRIPE_PRICE_PRO"),
    unit_amount: 2000,
    currency: "usd",
    recurring: { interval: "month", interval_count: 1 },
  })
  expect(products.find(({ id }) => id === price?.product)).toMatchObject({ name: "Pro", active: true })
  expect(portals).toMatchObject([
    {
      id: variable("STRIPE_PORTAL_CONFIGURATION"),
      active: true,
      features: {
        invoice_history: { enabled: true },
        payment_method_update: { enabled: true },
        subscription_cancel: { enabled: true, mode: "at_period_end" },
      },
    },
  ])
  expect(endpoints).toMatchObject([
    {
      url: ENDPOINT,
      status: "enabled",
      api_version: Stripe.API_VERSION,
      enabled_events: [...HANDLED_EVENTS],
    },
  ])
  expect(variable("STRIPE_WEBHOOK_SECRET")).toMatch(/^whsec_/)
})

test("a second run changes nothing and says so", async () => {
  await emptyCatalog()
  const first = await setUp()
  const before = await account()
  const writes = simulator.calls().filter(({ method }) => method !== "GET").length
  const second = await setUp()
  expect(second.code).toBe(0)
  expect(second.out).toContain("nothing changed")
  expect(await account()).toEqual(before)
  expect(simulator.calls().filter(({ method }) => method !== "GET")).toHaveLength(writes)
  for (const name of ["STRIPE_PRICE_PRO", "STRIPE_PORTAL_CONFIGURATION"])
    expect(second.variable(name)).toBe(first.variable(name))
  expect(second.variable("STRIPE_WEBHOOK_SECRET")).toBeUndefined()
  expect(second.out).toContain("--rotate")
})

test("an endpoint with other events, or one that was disabled, is put right", async () => {
  await setUp()
  const [endpoint] = (await account()).endpoints
  const id = endpoint?.id as string
  await stripe.webhookEndpoints.update(id, { enabled_events: ["invoice.paid", "charge.succeeded"] })
  expect((await setUp()).out).toMatch(/Webhook +changed/)
  expect((await account()).endpoints).toMatchObject([{ id, enabled_events: [...HANDLED_EVENTS] }])
  await stripe.webhookEndpoints.update(id, { disabled: true })
  expect((await setUp()).out).toMatch(/Webhook +changed/)
  expect((await account()).endpoints).toMatchObject([{ id, status: "enabled" }])
})

test("--rotate makes another endpoint with another secret and disables the one before", async () => {
  const first = await setUp()
  const second = await setUp(["--rotate"])
  expect(second.variable("STRIPE_WEBHOOK_SECRET")).toMatch(/^whsec_/)
  expect(second.variable("STRIPE_WEBHOOK_SECRET")).not.toBe(first.variable("STRIPE_WEBHOOK_SECRET"))
  const states = (await account()).endpoints.map(({ status }) => status)
  expect(states.toSorted()).toEqual(["disabled", "enabled"])
  expect((await setUp()).out).toContain("nothing changed")
})

test("what is archived or was switched off is brought back", async () => {
  await setUp()
  const [portal] = (await account()).portals
  await stripe.billingPortal.configurations.update(portal?.id as string, {
    features: { subscription_cancel: { enabled: false } },
  })
  const { product } = await stripe.prices.update(PRO_PRICE, { active: false })
  await stripe.products.update(String(product), { active: false })
  const { out } = await setUp()
  expect(out.match(/ changed /g)).toHaveLength(3)
  expect((await account()).portals).toMatchObject([{ features: { subscription_cancel: { enabled: true } } }])
  expect(await stripe.prices.retrieve(PRO_PRICE)).toMatchObject({ active: true })
  expect(await stripe.products.retrieve(String(product))).toMatchObject({ active: true })
})

test("another program's price of the same lookup key is left alone until it is adopted", async () => {
  await stripe.prices.update(PRO_PRICE, { metadata: { app: "another" } })
  const refused = await setUp()
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining("--adopt")])
  expect((await account()).endpoints).toEqual([])
  expect((await setUp(["--adopt"])).variable("STRIPE_PRICE_PRO")).toBe(`${PRO_PRICE},${PRO_PRICE_YEARLY}`)
  expect((await setUp()).code).toBe(0)
})

test("another amount is another price, and the former still counts", async () => {
  const { variable } = await setUp(["--amount", "2500", "--currency", "EUR"])
  const [sold, ...former] = variable("STRIPE_PRICE_PRO")?.split(",") ?? []
  expect(former).toEqual([PRO_PRICE_YEARLY, PRO_PRICE])
  const { prices, products } = await account()
  expect(prices.find(({ id }) => id === sold)).toMatchObject({
    lookup_key: "pro_monthly",
    unit_amount: 2500,
    currency: "eur",
  })
  expect(products).toHaveLength(1)
  const again = await setUp()
  expect(again.out).toContain("nothing changed")
  expect(again.variable("STRIPE_PRICE_PRO")).toBe(variable("STRIPE_PRICE_PRO"))
})

test("monthly and annual prices are both sold, and the portal switches between them", async () => {
  await emptyCatalog()
  const month = await setUp(["--amount", "1000"])
  await stripe.prices.update(PRO_PRICE_YEARLY, { lookup_key: "something_else_too" })
  const monthly = month.variable("STRIPE_PRICE_PRO")
  expect((await account()).portals).toMatchObject([{ features: { subscription_update: { enabled: false } } }])
  const both = await setUp(["--interval", "year", "--amount", "10000"])
  const [first, yearly] = both.variable("STRIPE_PRICE_PRO")?.split(",") ?? []
  expect(first).toBe(monthly)
  expect(await stripe.prices.retrieve(yearly ?? "")).toMatchObject({ recurring: { interval: "year" } })
  const { portals } = await account()
  expect(portals[0]?.features.subscription_update).toMatchObject({
    ...{ enabled: true, default_allowed_updates: ["price"], proration_behavior: "always_invoice" },
    products: [{ prices: [monthly, yearly] }],
  })
  expect((await setUp()).out).toContain("nothing changed")
})

test("a dry run says what would be made and makes nothing", async () => {
  await emptyCatalog()
  const before = await account()
  const writes = simulator.calls().filter(({ method }) => method !== "GET").length
  const { code, out, variable } = await setUp(["--dry-run"])
  expect(code).toBe(0)
  expect(out.match(/to be made/g)).toHaveLength(4)
  expect(variable("STRIPE_PRICE_PRO")).toBeUndefined()
  expect(await account()).toEqual(before)
  expect(simulator.calls().filter(({ method }) => method !== "GET")).toHaveLength(writes)
})

test("without a public address no endpoint is made, and the way for a laptop is said", async () => {
  const { code, out } = await setUp([], { PUBLIC_URL: "" })
  expect(code).toBe(0)
  expect(out).toContain("stripe listen --forward-to localhost:3000/webhook/stripe")
  expect((await account()).endpoints).toEqual([])
})

test.each<[string[], Record<string, string>, string]>([
  [[], { STRIPE_SECRET_KEY: "sk_live_abcdefgh" }, "--live"],
  [[], { STRIPE_SECRET_KEY: "pk_test_abc" }, "no secret key"],
  [[], { STRIPE_SECRET_KEY: "" }, "STRIPE_SECRET_KEY: missing"],
  [["--amount", "12.5"], {}, "--amount"],
  [["--nonsense"], {}, "--nonsense"],
])("%j with %j is refused by naming %s, and nothing is asked of Stripe", async (args, variables, told) => {
  expect(await setUp(args, variables)).toMatchObject({ code: 2, err: expect.stringContaining(told) })
  expect(simulator.calls()).toEqual([])
})

test("a key that Stripe refuses, and a Stripe that isn't there, are told in a sentence without the key", async () => {
  const refused = await setUp(["--live"], { STRIPE_SECRET_KEY: "sk_live_0123456789abcdef" })
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("refuses STRIPE_SECRET_KEY") })
  expect(refused.err).not.toMatch(/sk_|cdef/)
  const away = await setUp([], { STRIPE_BASE_URL: "http://127.0.0.1:9" })
  expect(away).toMatchObject({ code: 1, err: expect.stringContaining("can't be reached") })
  simulator.fail({ status: 500, times: "all" })
  expect(await setUp()).toMatchObject({ code: 1, err: expect.stringContaining("Stripe refuses:") })
})

test("--help explains", async () => {
  expect(await setUp(["--help"])).toMatchObject({ code: 0, out: expect.stringContaining("--dry-run") })
})

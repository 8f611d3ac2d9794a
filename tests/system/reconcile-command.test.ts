import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest"
import { PRO_PRICE } from "../../simulators/stripe/server.ts"
import { historyOf, standingOf, stripeIdOf, subscribe } from "../billing/kit.ts"
import { type SignedIn, signIn, startTestApp, type TestApp, WEBHOOK_SECRET } from "../helpers/app.ts"
import { run } from "./programs.ts"

/** As under the launcher: half of a start is compiling. */
const NODE_COMPILE_CACHE = fileURLToPath(new URL("../../node_modules/.cache/compile", import.meta.url))

const entry = fileURLToPath(new URL("../../src/cli/billing-reconcile.ts", import.meta.url))

let app: TestApp
beforeAll(async () => {
  // Without a worker nothing but the command heals.
  app = await startTestApp({ stripe: true, worker: false })
})
afterAll(() => app.close())
beforeEach(() => app.stripe.delivery({ drop: 1 }))

/** Runs the command as a process of its own on the app's stores. */
async function reconcile(args: string[], variables: Record<string, string> = {}) {
  const { database, redisUrl } = app.stores
  const program = run([entry, ...args], {
    NODE_COMPILE_CACHE,
    NODE_ENV: "test",
    DATABASE_URL: database.url,
    REDIS_URL: redisUrl ?? "",
    JWT_SECRET: "a secret for tests, as long as it must be",
    GEMINI_API_KEY: "test-key",
    STRIPE_SECRET_KEY: "sk_test_tests",
    STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    STRIPE_PRICE_PRO: PRO_PRICE,
    STRIPE_BASE_URL: app.stripe.url,
    ...variables,
  })
  const { code } = await program.ended
  return { code, out: program.lines.join("\n"), err: program.errors() }
}

/** A user who has paid, which nobody has told us. */
async function payUnheard(): Promise<SignedIn> {
  const user = await signIn(app)
  const { sessionId } = await subscribe(app, user)
  app.stripe.completeCheckout(sessionId)
  await app.stripe.settled()
  expect(await standingOf(app, user)).toMatchObject({ tier: "basic" })
  return user
}

test("heals what lost events left, and has nothing to do the second time", { timeout: 120_000 }, async () => {
  const ann = await payUnheard()
  const first = await reconcile([])
  expect(first.err).toBe("")
  expect(first.code).toBe(0)
  expect(first.out).toMatch(/basic \(new\) → pro until \d{4}-.* \(paid\)/)
  expect(first.out).toContain("1 customer read, 1 changed.")
  expect(await standingOf(app, ann)).toMatchObject({ tier: "pro", status: "active" })
  expect((await historyOf(app, ann))[0]).toMatchObject({ tier: "pro", cause: "reconcile" })

  const second = await reconcile(["--recent"])
  expect(second).toMatchObject({ code: 0, out: "1 customer read, nothing changed." })
  expect(await historyOf(app, ann)).toHaveLength(1)
})

test("one user or one customer, as JSON", { timeout: 120_000 }, async () => {
  const [ann, bob] = [await payUnheard(), await payUnheard()]
  const byUser = await reconcile(["--user", ann.user.id, "--json"])
  expect(JSON.parse(byUser.out)).toMatchObject({
    checked: 1,
    changes: [{ before: null, after: { tier: "pro", reason: "paid" } }],
    failures: [],
  })
  expect(await standingOf(app, bob)).toMatchObject({ tier: "basic" })
  const byCustomer = await reconcile(["--customer", await stripeIdOf(app, bob), "--json"])
  expect(JSON.parse(byCustomer.out)).toMatchObject({ checked: 1, changes: [{ after: { tier: "pro" } }] })
  expect(await standingOf(app, bob)).toMatchObject({ tier: "pro" })
})

test("counts who couldn't be read, and ends with an error", { timeout: 120_000 }, async () => {
  const ann = await payUnheard()
  const customer = await stripeIdOf(app, ann)
  const away = await reconcile(["--customer", customer, "--json"], { STRIPE_BASE_URL: "http://127.0.0.1:9" })
  expect(away.code).toBe(1)
  expect(JSON.parse(away.out)).toMatchObject({
    checked: 0,
    changes: [],
    failures: [{ error: expect.stringMatching(/./) }],
  })
  expect(away.out + away.err).not.toContain("sk_test_tests")
  expect(await standingOf(app, ann)).toMatchObject({ tier: "basic" })
  expect(await reconcile(["--customer", customer])).toMatchObject({ code: 0 })
})

test("who isn't there, and options that don't go together, are told", { timeout: 120_000 }, async () => {
  const stranger = await reconcile(["--user", "01a20380-35df-77b7-a96a-565deb07f9f4"])
  expect(stranger).toMatchObject({ code: 1, err: expect.stringContaining("no such customer") })
  const wrong = await reconcile(["--all", "--recent"])
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining("Only one") })
})

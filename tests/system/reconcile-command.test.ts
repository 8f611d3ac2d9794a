import { join } from "node:path"
import { beforeEach, expect, test } from "vitest"
import { PRO_PRICE } from "../../simulators/stripe/server.ts"
import { newPayer, type Payer } from "../billing/kit.ts"
import { WEBHOOK_SECRET } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { ROOT, run } from "./programs.ts"

// Without a worker nothing but the command heals.
const app = useTestApp({ stripe: true, worker: false })
beforeEach(() => app.stripe.delivery({ drop: 1 }))

/** Runs the command as a process of its own on the app's stores. */
async function reconcile(args: string[], variables: Record<string, string> = {}) {
  const { database, redisUrl } = app.stores
  const program = run([join(ROOT, "src/cli/billing-reconcile.ts"), ...args], {
    // As under the launcher: half of a start is compiling.
    NODE_COMPILE_CACHE: join(ROOT, "node_modules/.cache/compile"),
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
async function payUnheard(): Promise<Payer> {
  const user = await newPayer(app)
  const { sessionId } = await user.subscribe()
  app.stripe.completeCheckout(sessionId)
  await app.stripe.settled()
  expect(await user.standing()).toMatchObject({ tier: "basic" })
  return user
}

test("heals what lost events left, and has nothing to do the second time", async () => {
  const ann = await payUnheard()
  const first = await reconcile([])
  expect([first.err, first.code]).toEqual(["", 0])
  expect(first.out).toMatch(/basic \(new\) → pro until \d{4}-.* \(paid\)/)
  expect(first.out).toContain("1 customer read, 1 changed.")
  expect(await ann.standing()).toMatchObject({ tier: "pro", status: "active" })
  const second = await reconcile(["--recent"])
  expect(second).toMatchObject({ code: 0, out: "1 customer read, nothing changed." })
  expect(await ann.history()).toMatchObject([{ tier: "pro", cause: "reconcile" }])
})

test("takes over from a process that was killed while it read the customer", async () => {
  const ann = await newPayer(app)
  const { sessionId } = await ann.subscribe()
  app.stripe.completeCheckout(sessionId)
  const { leaseMs } = app.ctx.timing.billing
  await app.query(
    "UPDATE billing_customers SET attempt = attempt + 1, lease_until = now() + $2 * interval '1 ms' WHERE user_id = $1",
    ann.user.id,
    leaseMs,
  )
  const { code, out } = await reconcile(["--user", ann.user.id])
  expect([code, out]).toEqual([0, expect.stringContaining("1 customer read, 1 changed.")])
  expect(await ann.standing()).toMatchObject({ tier: "pro" })
})

test("reads one user, or one customer, and reports as JSON", async () => {
  const [ann, bob] = [await payUnheard(), await payUnheard()]
  const [byUser, byCustomer, unknown] = await Promise.all([
    reconcile(["--user", ann.user.id, "--json"]),
    reconcile(["--customer", await bob.stripeId(), "--json"], {
      STRIPE_BASE_URL: "http://127.0.0.1:9",
    }),
    reconcile(["--user", "01a20380-35df-77b7-a96a-565deb07f9f4"]),
  ])
  expect(JSON.parse(byUser.out)).toMatchObject({
    checked: 1,
    changes: [{ before: null, after: { tier: "pro", reason: "paid" } }],
    failures: [],
  })
  // Customers that couldn't be read are counted, and make it an error.
  expect(byCustomer.code).toBe(1)
  expect(JSON.parse(byCustomer.out)).toMatchObject({
    checked: 0,
    changes: [],
    failures: [{ error: expect.stringMatching(/./) }],
  })
  expect(byCustomer.out + byCustomer.err).not.toContain("sk_test_tests")
  expect(await bob.standing()).toMatchObject({ tier: "basic" })
  expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining("no such customer") })
})

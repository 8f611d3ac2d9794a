import { describe, expect, test } from "vitest"
import { isComplete } from "../../src/cli/reconcile-report.ts"
import { CustomerBusy } from "../../src/services/billing/customer-lease.ts"
import { reconcile } from "../../src/services/billing/reconcile.ts"
import { syncCustomer } from "../../src/services/billing/sync-customer.ts"
import { SECOND } from "../../src/utils/time.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { newPayer, type Payer, withoutEvents } from "./kit.ts"

const billing = {
  leaseMs: 1.5 * SECOND,
  leaseRenewMs: 0.2 * SECOND,
  requestMs: 20 * SECOND,
  checkoutWaitMs: 10 * SECOND,
}
const app = useTestApp({ stripe: true, worker: false, timing: { billing } })
const hasty = useTestApp({
  beside: app,
  worker: false,
  timing: { billing: { ...billing, reconcileWaitMs: 0.1 * SECOND, requestMs: 2 * SECOND } },
})

/** A user who has paid, of which no event has arrived. */
async function unheardPayer() {
  const ann = await newPayer(app)
  const { sessionId } = await ann.subscribe()
  await withoutEvents(app, async () => app.stripe.completeCheckout(sessionId))
  return { ...ann, scope: { customerId: await ann.customerId() } }
}

/** Leaves the customer as a process does that is killed in the middle of reading them. */
async function killReader({ customerId }: Pick<Payer, "customerId">, ms = billing.leaseMs): Promise<void> {
  await app.query(
    "UPDATE billing_customers SET attempt = attempt + 1, lease_until = now() + $2 * interval '1 millisecond' WHERE id = $1",
    await customerId(),
    ms,
  )
}

describe("a process that died while it read a customer", () => {
  test("is waited out by the reconciler, which then reads the customer", async () => {
    const ann = await unheardPayer()
    await killReader(ann)
    const done = await reconcile(app.ctx, { scope: ann.scope })
    expect(done).toMatchObject({ checked: 1, busy: 0, failures: [] })
    expect(isComplete(done)).toBe(true)
    expect(await ann.standing()).toMatchObject({ tier: "pro" })
  })

  test("is waited out by POST /subscribe/pro", async () => {
    const ann = await newPayer(app)
    await ann.subscribe()
    await killReader(ann)
    expect((await ann.http.post("/subscribe/pro")).status).toBe(200)
  })

  test("that is alive and stays: the reconciler says that it hasn't read the customer", async () => {
    const ann = await unheardPayer()
    await killReader(ann, 60 * SECOND)
    const done = await reconcile(hasty.ctx, { scope: ann.scope })
    expect(done).toMatchObject({ checked: 0, busy: 1 })
    expect(isComplete(done)).toBe(false)
  })
})

test("a lease is renewed for as long as Stripe takes", async () => {
  const ann = await unheardPayer()
  const { customerId } = ann.scope
  const path = "/v1/subscriptions"
  app.stripe.fail({ method: "GET", path, status: "slow", delayMs: 3 * billing.leaseMs })
  const reads = () => app.stripe.calls().filter((call) => call.path === path).length
  const before = reads()
  const slow = syncCustomer(app.ctx, customerId, { kind: "reconcile" })
  await expect.poll(reads).toBe(before + 1)
  const waiting = syncCustomer(app.ctx, customerId, { kind: "event" }, { waitMs: 2 * billing.leaseMs })
  await expect(waiting).rejects.toThrow(CustomerBusy)
  expect((await slow).changed).not.toBeNull()
})

describe("while every call to Stripe is slow", () => {
  test("a request ends at its deadline, and what is left of its work soon after it", async () => {
    const ann = await newPayer(app)
    await ann.subscribe()
    const before = app.stripe.calls().length
    app.stripe.fail({ status: "slow", delayMs: 1.2 * SECOND, times: 6 })
    const { status, body } = await hasty.http.post("/subscribe/pro", undefined, { token: ann.token })
    expect([status, body.code]).toEqual([503, "unavailable"])
    const lease = "SELECT lease_until FROM billing_customers WHERE id = $1"
    const customerId = await ann.customerId()
    await expect.poll(() => app.query(lease, customerId)).toEqual([{ lease_until: null }])
    // Each alone is quick enough, and all of them would take seconds.
    expect(app.stripe.calls().length - before).toBeLessThan(4)
  })
})

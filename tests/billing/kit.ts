import { expect, vi } from "vitest"
import type { StripeSimulator } from "../../simulators/stripe/server.ts"
import { type SignedIn, signIn, type TestApp } from "../helpers/app.ts"
import { setAppNow } from "../helpers/clock.ts"

type Time = Parameters<StripeSimulator["advance"]>[0]

/** Lets time pass at Stripe and in the database alike, whose clock the access goes by. */
export async function passTime(app: TestApp, time: Time): Promise<void> {
  app.stripe.advance(time)
  await setClocks(app)
}

/** Lets time pass until the period that the user's subscription is in ends: months have 28 to 31 days. */
export async function passPeriod(app: TestApp, user: SignedIn): Promise<void> {
  const { subscriptions } = await truthOf(app, user)
  const end = Math.max(...subscriptions.map(({ currentPeriodEnd }) => currentPeriodEnd))
  await passTime(app, { seconds: end - app.stripe.now() })
}

async function setClocks(app: TestApp): Promise<void> {
  const ahead = app.stripe.now() - Math.floor(Date.now() / 1000)
  await setAppNow(app.pool, `${Math.max(0, ahead)} seconds`)
}

/** Asks for a Checkout page. */
export async function subscribe(_app: TestApp, user: SignedIn): Promise<{ url: string; sessionId: string }> {
  const { status, body } = await user.http.post("/subscribe/pro")
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

type Payment = Parameters<StripeSimulator["completeCheckout"]>[1]

/** Pays, and waits until the user is Pro. @returns the subscription's id */
export async function becomePro(app: TestApp, user: SignedIn, payment: Payment = {}): Promise<string> {
  const { sessionId } = await subscribe(app, user)
  app.stripe.completeCheckout(sessionId, payment)
  await untilStanding(app, user, { tier: "pro" })
  const [subscription] = (await truthOf(app, user)).subscriptions
  return subscription?.id as string
}

/** Signs a user in who pays. @returns the user, with the subscription's id */
export async function signInPro(
  app: TestApp,
  payment: Payment = {},
): Promise<SignedIn & { subscription: string }> {
  const user = await signIn(app)
  return { ...user, subscription: await becomePro(app, user, payment) }
}

export async function standingOf(_app: TestApp, user: SignedIn) {
  const { status, body } = await user.http.get("/subscription/status")
  expect(status).toBe(200)
  return body
}

/** Waits until the user's subscription is told to be like this. */
export async function untilStanding(app: TestApp, user: SignedIn, like: object) {
  return vi.waitFor(
    async () => {
      const standing = await standingOf(app, user)
      expect(standing).toMatchObject(like)
      return standing
    },
    { timeout: 20_000, interval: 30 },
  )
}

export async function historyOf(_app: TestApp, user: SignedIn) {
  const { status, body } = await user.http.get("/subscription/history")
  expect(status).toBe(200)
  return body as {
    tier: string
    reason: string
    cause: string
    eventId: string | null
    until: string | null
  }[]
}

async function customerOf(app: TestApp, { user }: SignedIn): Promise<{ id: string; stripe_id: string }> {
  const { rows } = await app.pool.query("SELECT id, stripe_id FROM billing_customers WHERE user_id = $1", [
    user.id,
  ])
  return rows[0] ?? {}
}

/** Our id of the user's customer. */
export const customerIdOf = async (app: TestApp, user: SignedIn) => (await customerOf(app, user)).id

/** Stripe's id of the user's customer. */
export const stripeIdOf = async (app: TestApp, user: SignedIn) => (await customerOf(app, user)).stripe_id

export async function truthOf(app: TestApp, user: SignedIn) {
  return app.stripe.oracle(await stripeIdOf(app, user))
}

/** Waits until every event that has come in is dealt with, and those that this has led to. */
export async function untilQuiet(app: TestApp): Promise<void> {
  for (let round = 0; round < 2; round++) {
    await app.stripe.settled()
    await untilNothingIsDue(app)
  }
}

async function untilNothingIsDue(app: TestApp): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rows } = await app.pool.query(
        `SELECT (SELECT count(*)::int FROM billing_events WHERE status = 'pending') AS events,
           (SELECT count(*)::int FROM billing_customers
             WHERE sync_due_at < now() OR lease_until > now() OR failures > 0) AS customers`,
      )
      expect(rows[0]).toEqual({ events: 0, customers: 0 })
      // What is enqueued isn't due any more, and not begun yet. What a sweep has found counts a failure until it is done.
      expect(await app.ctx.billingQueue.counts()).toMatchObject({ waiting: 0, active: 0, prioritized: 0 })
    },
    { timeout: 60_000, interval: 30 },
  )
}

/** Waits until nothing is on its way and nobody reads Stripe; what failed and waits for its next try may stay. */
export async function untilIdle(app: TestApp): Promise<void> {
  await app.stripe.settled()
  await vi.waitFor(
    async () => {
      const { rows } = await app.pool.query("SELECT id FROM billing_customers WHERE lease_until > now()")
      expect(rows).toEqual([])
    },
    { timeout: 30_000, interval: 20 },
  )
}

/** What an operator is told about the user, by kind. */
export async function noticesAbout(
  app: TestApp,
  user: SignedIn,
): Promise<{ kind: string; object_id: string }[]> {
  const { rows } = await app.pool.query(
    `SELECT kind, object_id FROM billing_notices AS n JOIN billing_customers AS c ON c.id = n.customer_id
     WHERE c.user_id = $1 ORDER BY kind`,
    [user.user.id],
  )
  return rows
}

/** Runs `work` while no event arrives. */
export async function withoutEvents<T>(app: TestApp, work: () => Promise<T>): Promise<T> {
  app.stripe.delivery({ drop: 1 })
  try {
    const done = await work()
    await app.stripe.settled()
    return done
  } finally {
    app.stripe.delivery({ drop: 0 })
  }
}

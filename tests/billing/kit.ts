import { expect } from "vitest"
import type { StripeSimulator } from "../../simulators/stripe/server.ts"
import { until } from "../helpers/answers.ts"
import { type SignedIn, signIn, type TestApp } from "../helpers/app.ts"
import { setAppNow } from "../helpers/clock.ts"

type Time = Parameters<StripeSimulator["advance"]>[0]

/** Lets time pass at Stripe and in the database alike, whose clock the access goes by. */
export async function passTime(app: TestApp, time: Time): Promise<void> {
  app.stripe.advance(time)
  const ahead = app.stripe.now() - Math.floor(Date.now() / 1000)
  await setAppNow(app.pool, `${Math.max(0, ahead)} seconds`)
}

/** Lets time pass until the period that the user's subscription is in ends: months have 28 to 31 days. */
export async function passPeriod(app: TestApp, payer: Payer): Promise<void> {
  const { subscriptions } = await payer.atStripe()
  const end = Math.max(...subscriptions.map(({ currentPeriodEnd }) => currentPeriodEnd))
  await passTime(app, { seconds: end - app.stripe.now() })
}

/** The metadata by which this service knows the subscriptions that its Checkout made. */
export const FROM_CHECKOUT = { metadata: { billing_customer_id: "of this service" } }

type Payment = Parameters<StripeSimulator["completeCheckout"]>[1]
export type Payer = ReturnType<typeof payerOf>

/** Signs a user in who may subscribe. */
export const newPayer = async (app: TestApp) => payerOf(app, await signIn(app))

/** Signs a user in who pays. @returns the user, with the subscription's id */
export async function newProPayer(app: TestApp) {
  const payer = await newPayer(app)
  return { ...payer, subscription: await payer.becomePro() }
}

/** The user, with what they do about their subscription, and what this service and Stripe have of it. */
export function payerOf(app: TestApp, user: SignedIn) {
  const read = async (path: string) => {
    const { status, body } = await user.http.get(path)
    expect(status).toBe(200)
    return body
  }
  const customer = async (): Promise<{ id: string; stripe_id: string }> => {
    const [row] = await app.query(
      "SELECT id, stripe_id FROM billing_customers WHERE user_id = $1",
      user.user.id,
    )
    return row ?? {}
  }
  const standing = () => read("/subscription/status")
  /** Waits until the subscription's status is like this. */
  const untilStanding = (like: object) =>
    until(async () => {
      const current = await standing()
      expect(current).toMatchObject(like)
      return current
    })
  const atStripe = async () => app.stripe.oracle((await customer()).stripe_id)
  /** Asks for a Checkout page. */
  const subscribe = async (): Promise<{ url: string; sessionId: string }> => {
    const { status, body } = await user.http.post("/subscribe/pro")
    expect(status, JSON.stringify(body)).toBe(200)
    return body
  }
  return {
    ...user,
    subscribe,
    /** Pays, and waits until the user is Pro. @returns the subscription's id */
    async becomePro(payment: Payment = {}) {
      app.stripe.completeCheckout((await subscribe()).sessionId, payment)
      await untilStanding({ tier: "pro" })
      return (await atStripe()).subscriptions[0]?.id as string
    },
    standing,
    untilStanding,
    history: (): Promise<HistoryEntry[]> => read("/subscription/history"),
    /** Our id of the customer. */
    customerId: async () => (await customer()).id,
    /** Stripe's id of the customer. */
    stripeId: async () => (await customer()).stripe_id,
    atStripe,
    /** The notices to operators about the user, by kind. */
    notices: () =>
      app.query(
        `SELECT kind, object_id FROM billing_notices AS n JOIN billing_customers AS c ON c.id = n.customer_id
         WHERE c.user_id = $1 ORDER BY kind`,
        user.user.id,
      ),
  }
}

type HistoryEntry = Record<"tier" | "reason" | "cause", string> & Record<"eventId" | "until", string | null>

/** Waits until every event that has come in is dealt with, and those that this has led to. */
export async function untilQuiet(app: TestApp): Promise<void> {
  for (let round = 0; round < 2; round++) {
    await app.stripe.settled()
    await untilNothingIsDue(app)
  }
}

const DUE = `
  SELECT (SELECT count(*)::int FROM billing_events WHERE status = 'pending') AS events,
    (SELECT count(*)::int FROM billing_customers
      WHERE sync_due_at < now() OR lease_until > now() OR failures > 0) AS customers`

async function untilNothingIsDue(app: TestApp): Promise<void> {
  await until(async () => {
    expect(await app.query(DUE)).toEqual([{ events: 0, customers: 0 }])
    // What is enqueued isn't due any more, and not begun yet. What a sweep has found counts a failure until it is done.
    expect(await app.ctx.billingQueue.counts()).toMatchObject({ waiting: 0, active: 0, prioritized: 0 })
  })
}

/** Waits until nothing is on its way and nobody reads Stripe; what failed and waits for its next try may stay. */
export async function untilIdle(app: TestApp): Promise<void> {
  await app.stripe.settled()
  await until(async () => {
    expect(await app.query("SELECT id FROM billing_customers WHERE lease_until > now()")).toEqual([])
  })
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

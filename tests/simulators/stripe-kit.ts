import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import Stripe from "stripe"
import { afterAll, beforeAll, beforeEach } from "vitest"
import { PRO_PRICE, type StripeSimulator, startStripeSimulator } from "../../simulators/stripe/server.ts"

export const SECRET = "whsec_of_the_tests"

/** 2026-01-31 10:00 UTC: a day that most months don't have. */
export const START = Date.UTC(2026, 0, 31, 10) / 1000

/** A simulator for a test file, as at the start before each test. */
export function useSimulator(): { current: StripeSimulator } {
  const holder = {} as { current: StripeSimulator }
  beforeAll(async () => {
    holder.current = await startStripeSimulator({ startAt: START, frozen: true })
  })
  beforeEach(() => holder.current.reset())
  afterAll(() => holder.current.close())
  return holder
}

export function clientOf(
  simulator: StripeSimulator,
  options: Stripe.StripeConfig = {},
  key = "sk_test_simulated",
) {
  return new Stripe(key, {
    host: "127.0.0.1",
    port: simulator.port,
    protocol: "http",
    telemetry: false,
    maxNetworkRetries: 0,
    ...options,
  })
}

export function openCheckout(stripe: Stripe, fields: Partial<Stripe.Checkout.SessionCreateParams> = {}) {
  return stripe.checkout.sessions.create({
    mode: "subscription",
    line_items: [{ price: PRO_PRICE, quantity: 1 }],
    success_url: "http://app.test/done?session={CHECKOUT_SESSION_ID}",
    cancel_url: "http://app.test/cancelled",
    ...fields,
  })
}

/** A customer who has paid in Checkout. */
export async function subscriber(
  simulator: StripeSimulator,
  card: Parameters<StripeSimulator["changeCard"]>[1] = "ok",
) {
  const stripe = clientOf(simulator)
  const customer = await stripe.customers.create({ email: "ada@example.test" })
  const session = await openCheckout(stripe, { customer: customer.id })
  simulator.completeCheckout(session.id, { card })
  const { subscription } = await stripe.checkout.sessions.retrieve(session.id)
  return { stripe, customer: customer.id, subscription: String(subscription), session: session.id }
}

/** Types of the events since a mark, in order. */
export function typesSince(simulator: StripeSimulator, mark = 0): string[] {
  return simulator
    .events()
    .slice(mark)
    .map((event) => event.type)
}

/** What a call that must fail fails with. */
export async function failed(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await call
  } catch (error) {
    return error as Stripe.errors.StripeError
  }
  throw new Error("The call was expected to fail")
}

export type Received = { event: Stripe.Event; signature: string; body: string }

/** A receiver of webhooks which answers with what `answer` says, 200 unless told otherwise. */
export async function startReceiver(answer: (received: Received) => number | Promise<number> = () => 200) {
  const received: Received[] = []
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const one = { event: JSON.parse(body), signature: String(req.headers["stripe-signature"]), body }
    received.push(one)
    res.writeHead(await answer(one)).end()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/webhook`,
    received,
    types: () => received.map(({ event }) => event.type as string),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

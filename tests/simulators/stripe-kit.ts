import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import Stripe from "stripe"
import { afterAll, beforeEach, onTestFinished } from "vitest"
import { type CardKind, PRO_PRICE, startStripeSimulator } from "../../simulators/stripe/server.ts"
import { failed } from "./kit.ts"

export const SECRET = "whsec_of_the_tests"

/** 2026-01-31 10:00 UTC: a day that most months don't have. */
export const START = Date.UTC(2026, 0, 31, 10) / 1000

/** A simulator for a test file, reset before each test, with a client and what many tests do with them. */
export async function useStripe() {
  const simulator = await startStripeSimulator({ startAt: START, frozen: true })
  let seen = 0
  beforeEach(() => {
    simulator.reset()
    seen = 0
  })
  afterAll(() => simulator.close())
  const stripe = clientOf(simulator.url)

  function openCheckout(fields: Partial<Stripe.Checkout.SessionCreateParams> = {}) {
    return stripe.checkout.sessions.create({ ...CHECKOUT, ...fields })
  }

  /** A customer who has paid in Checkout. */
  async function subscriber(card: CardKind = "ok") {
    const { id: customer } = await stripe.customers.create({ email: "ada@example.test" })
    const session = await openCheckout({ customer })
    simulator.completeCheckout(session.id, { card })
    const subscription = String((await stripe.checkout.sessions.retrieve(session.id)).subscription)
    return { customer, subscription }
  }

  /** Events since the last call, in order. */
  function newEvents() {
    const events = simulator.events().slice(seen)
    seen += events.length
    return events
  }

  function newTypes(): string[] {
    return newEvents().map(({ type }) => type)
  }

  async function openInvoice(subscription: string): Promise<string> {
    return (await stripe.invoices.list({ subscription, status: "open" })).data[0]?.id ?? ""
  }

  /** A receiver that all events go to. */
  async function receive(answer?: Parameters<typeof startReceiver>[0]) {
    const receiver = await startReceiver(answer)
    simulator.setEndpoint({ url: receiver.url, secret: SECRET })
    return receiver
  }
  return { simulator, stripe, openCheckout, subscriber, newEvents, newTypes, openInvoice, receive }
}

export const CHECKOUT = {
  mode: "subscription",
  line_items: [{ price: PRO_PRICE, quantity: 1 }],
  success_url: "http://app.test/done?session={CHECKOUT_SESSION_ID}",
  cancel_url: "http://app.test/cancelled",
} as const satisfies Stripe.Checkout.SessionCreateParams

export function clientOf(url: string, options: Stripe.StripeConfig = {}, key = "sk_test_simulated") {
  const { hostname: host, port } = new URL(url)
  const fixed = {
    host,
    port: Number(port),
    protocol: "http",
    telemetry: false,
    maxNetworkRetries: 0,
  } as const
  return new Stripe(key, { ...fixed, ...options })
}

export function refused(call: Promise<unknown>) {
  return failed<Stripe.errors.StripeError>(call)
}

type Received = { event: Stripe.Event; signature: string; body: string }

/** A receiver of webhooks for the time of a test. It answers what `answer` returns, 200 unless told otherwise. */
export async function startReceiver(answer: (received: Received) => number | Promise<number> = () => 200) {
  const received: Received[] = []
  const server = createServer(async (req, res) => {
    const body = await text(req)
    const one = { event: JSON.parse(body), signature: String(req.headers["stripe-signature"]), body }
    received.push(one)
    res.writeHead(await answer(one)).end()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  const types = () => received.map(({ event }) => event.type as string)
  return { url: `http://127.0.0.1:${port}/webhook`, received, types }
}

import { describe, expect, test } from "vitest"
import { useStripe } from "./stripe-kit.ts"

const { simulator, stripe, openCheckout, subscriber, receive } = await useStripe()

/** What a browser does with a form: the answer, redirects not followed. */
function submit(url: string, fields: Record<string, string> = {}) {
  return fetch(url, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" })
}

async function textOf(url: string) {
  const response = await fetch(url)
  return { status: response.status, text: await response.text() }
}

describe("the Checkout page", () => {
  async function opened(fields = {}) {
    const session = await openCheckout(fields)
    return { id: session.id, url: session.url ?? "" }
  }

  test("says that it is simulated, and needs nothing from elsewhere", async () => {
    const { url } = await opened()
    const { status, text } = await textOf(url)
    expect(status).toBe(200)
    expect(text).toContain("Simulated Stripe – no money moves")
    expect(text).toContain("$20.00")
    expect(text).toContain('href="http://app.test/cancelled"')
    expect(text).not.toMatch(/<script|src=|@import|url\(/)
  })

  test("takes a good card and goes on to the app", async () => {
    const { id, url } = await opened()
    const response = await submit(url, { card: "ok", email: "ada@example.test" })
    expect(response.status).toBe(303)
    expect(response.headers.get("location")).toBe(`http://app.test/done?session=${id}`)
    const session = await stripe.checkout.sessions.retrieve(id, { expand: ["customer"] })
    expect(session).toMatchObject({ status: "complete", customer: { email: "ada@example.test" } })
    expect((await textOf(url)).text).toContain("You have paid")
    expect((await submit(url, { card: "ok" })).status).toBe(200)
    expect((await stripe.subscriptions.list()).data).toHaveLength(1)
  })

  test("shows a declined card and accepts another", async () => {
    const { url } = await opened({ customer_email: "a@b.test" })
    const declined = await submit(url, { card: "decline" })
    expect(declined.status).toBe(402)
    expect(await declined.text()).toContain("Your card was declined.")
    expect((await submit(url, { card: "ok" })).status).toBe(303)
  })

  test("asks to confirm a card that needs it", async () => {
    const { id, url } = await opened()
    const asked = await (await submit(url, { card: "authenticate", email: "a@b.test" })).text()
    expect(asked).toContain("Confirm your payment")
    expect(asked).toContain('name="email" value="a@b.test"')
    const refused = await submit(url, { card: "authenticate", confirmation: "fail" })
    expect(await refused.text()).toContain("unable to authenticate")
    expect((await stripe.checkout.sessions.retrieve(id)).status).toBe("open")
    expect((await submit(url, { card: "authenticate", confirmation: "complete" })).status).toBe(303)
  })

  test("waits for the app to know before it goes on", async () => {
    const { promise: answered, resolve } = Promise.withResolvers<number>()
    const receiver = await receive(({ event }) =>
      event.type === "checkout.session.completed" ? answered : 200,
    )
    const { url } = await opened()
    let arrived = false
    const response = submit(url, { card: "ok" }).finally(() => {
      arrived = true
    })
    await expect.poll(() => receiver.types()).toContain("checkout.session.completed")
    expect(arrived).toBe(false)
    resolve(200)
    expect((await response).status).toBe(303)
  })

  test("is closed when it has expired, and unknown when it never was", async () => {
    const { id, url } = await opened()
    await stripe.checkout.sessions.expire(id)
    expect(await textOf(url)).toMatchObject({ status: 410, text: expect.stringContaining("expired") })
    expect((await submit(url, { card: "ok" })).status).toBe(410)
    expect((await textOf(`${simulator.url}/c/pay/cs_none`)).status).toBe(404)
  })

  test("shows what others wrote as text", async () => {
    const { url } = await opened({ customer_email: "<b>x</b>@b.test" })
    expect((await textOf(url)).text).toContain("&#60;b&#62;x")
  })
})

describe("the portal page", () => {
  async function opened(card: "ok" | "insufficient_on_renewal" = "ok") {
    const subscribed = await subscriber(card)
    const { customer } = subscribed
    const return_url = "http://app.test/account"
    const { url } = await stripe.billingPortal.sessions.create({ customer, return_url })
    const status = async () => stripe.subscriptions.retrieve(subscribed.subscription)
    return { ...subscribed, url, status }
  }

  test("shows the subscription and leads back", async () => {
    const { url } = await opened()
    const { text } = await textOf(url)
    expect(text).toContain("active")
    expect(text).toContain("Renews 2026-02-28 10:00 UTC")
    expect(text).toContain('href="http://app.test/account"')
    expect(text).not.toMatch(/<script|src=|@import|url\(/)
  })

  test("cancels and takes it back", async () => {
    const { url, subscription, status } = await opened()
    const { headers } = await submit(`${url}/cancel`, { subscription })
    expect(headers.get("location")).toBe(new URL(url).pathname)
    expect(await status()).toMatchObject({ cancel_at_period_end: false, cancel_at: expect.any(Number) })
    expect((await textOf(url)).text).toContain("Ends 2026-02-28 10:00 UTC")
    await submit(`${url}/resume`, { subscription })
    expect((await status()).cancel_at).toBeNull()
  })

  test("changes the card and moves time on", async () => {
    const { url, status } = await opened()
    await submit(`${url}/card`, { card: "insufficient_on_renewal" })
    await submit(`${url}/advance`, { by: "month" })
    expect((await status()).status).toBe("past_due")
    const refused = await submit(`${url}/card`, { card: "decline" })
    expect(await refused.text()).toContain("Your card was declined.")
    await submit(`${url}/card`, { card: "ok" })
    const [open] = (await stripe.invoices.list({ status: "open" })).data
    expect((await textOf(open?.hosted_invoice_url ?? "")).text).toContain("Pay and confirm")
    await submit(open?.hosted_invoice_url ?? "")
    expect((await status()).status).toBe("active")
    const before = simulator.now()
    await submit(`${url}/advance`, { by: "day" })
    expect(simulator.now() - before).toBe(86_400)
  })

  test("leaves other people's subscriptions alone", async () => {
    const { url } = await opened()
    const other = await subscriber()
    await submit(`${url}/cancel`, { subscription: other.subscription })
    expect((await stripe.subscriptions.retrieve(other.subscription)).cancel_at).toBeNull()
  })
})

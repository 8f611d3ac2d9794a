import { expect, test } from "vitest"
import { MINUTE } from "../../src/utils/time.ts"
import { createRoom, send } from "../helpers/chat.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { newPayer, passPeriod, passTime, untilQuiet } from "./kit.ts"

// Whatever day it is, Basic has no prompt.
const app = useTestApp({ stripe: true, config: { plans: { basicDailyPrompts: 0 } } })

test(
  "a subscription's whole life",
  async () => {
    const ann = await newPayer(app)
    const room = await createRoom(app, ann)
    const ask = async () => (await send(app, ann, room, "hello")).status

    expect(await ann.standing()).toMatchObject({ tier: "basic", status: "none", usage: { limit: 0 } })
    expect(await ask()).toBe(429)

    // Checkout: the very next prompt is let through.
    const first = await ann.becomePro({ card: "ok" })
    expect(await ask()).toBe(202)
    const [{ cause, eventId } = {}] = await ann.history()
    expect(cause).toBe("event")
    expect(app.stripe.events().map(({ id }) => id)).toContain(eventId)
    expect(await ann.standing()).toMatchObject({
      status: "active",
      cancelAt: null,
      usage: { limit: null, remaining: null, used: 1 },
    })

    // Renewal: paid an hour after the period's end, with no gap in between.
    await passPeriod(app, ann)
    await untilQuiet(app)
    expect(await ask()).toBe(202)
    await passTime(app, { hours: 2 })
    await untilQuiet(app)
    expect((await ann.history())[0]).toMatchObject({ tier: "pro", reason: "paid" })

    // A renewal that fails: Pro stays for the grace and no longer.
    app.stripe.changeCard(await ann.stripeId(), "insufficient_on_renewal")
    await passPeriod(app, ann)
    await passTime(app, { hours: 2 })
    await ann.untilStanding({ tier: "pro", status: "past_due" })
    expect((await ann.history())[0]).toMatchObject({ tier: "pro", reason: "grace" })
    await passTime(app, { days: 3 })
    expect(await ann.standing()).toMatchObject({ tier: "basic", status: "past_due" })
    expect(await ask()).toBe(429)

    // Recovery.
    const { latestInvoice } = (await ann.atStripe()).subscriptions[0] as { latestInvoice: string }
    app.stripe.payInvoice(latestInvoice, { card: "ok" })
    await ann.untilStanding({ tier: "pro", status: "active" })
    expect(await ask()).toBe(202)

    // Cancelled in the portal: Pro to the end of what is paid, not a moment longer.
    const { url } = (await ann.http.post("/subscription/portal")).body
    const form = { method: "POST", body: new URLSearchParams({ subscription: first }) }
    expect((await fetch(`${url}/cancel`, form)).status).toBe(200)
    const cancelled = await ann.untilStanding({ tier: "pro", cancelAt: expect.any(String) })
    expect(cancelled.cancelAt).toBe(cancelled.currentPeriodEnd)
    expect((await ann.history())[0]).toMatchObject({ reason: "ending" })
    await passPeriod(app, ann)
    await ann.untilStanding({ tier: "basic", status: "canceled" })
    expect(await ask()).toBe(429)

    // Subscribing again makes a new subscription of the same customer.
    const customer = await ann.stripeId()
    const second = await ann.becomePro()
    expect(await ann.stripeId()).toBe(customer)
    const { subscriptions } = await ann.atStripe()
    expect(subscriptions.map(({ id, status }) => [id === first, status]).sort()).toEqual([
      [false, "active"],
      [true, "canceled"],
    ])
    expect(second).toBeTruthy()

    // A refund in full ends Pro at once; a new payment makes Pro again, with one subscription.
    const live = subscriptions.find(({ status }) => status === "active")?.id as string
    app.stripe.refund({ subscription: live })
    await ann.untilStanding({ tier: "basic" })
    expect((await ann.history())[0]).toMatchObject({ tier: "basic", reason: "refunded" })
    await ann.becomePro()
    const after = (await ann.atStripe()).subscriptions
    expect(after.filter(({ status }) => status === "active")).toHaveLength(1)

    // A dispute takes Pro away, and gives it back when it is won.
    const third = after.find(({ status }) => status === "active")?.id as string
    const dispute = app.stripe.dispute(third)
    await ann.untilStanding({ tier: "basic" })
    expect((await ann.history())[0]).toMatchObject({ reason: "disputed" })
    app.stripe.closeDispute(dispute.id, "won")
    await ann.untilStanding({ tier: "pro" })
  },
  2 * MINUTE,
)

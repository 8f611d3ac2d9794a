import { expect, test } from "vitest"
import { MINUTE } from "../../src/utils/time.ts"
import { times } from "../helpers/answers.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { FROM_CHECKOUT, newPayer, type Payer, passPeriod, passTime, untilQuiet } from "./kit.ts"

const billing = { sweepMs: 200, firstRetryMs: 300 }
const app = useTestApp({ stripe: true, timing: { billing } })

const CUSTOMERS = 30

const NAME =
  "of a storm of events, each three times and in any order, all are taken, and no deadlock is to be broken"

test(NAME, { timeout: 180_000 }, async () => {
  const users = await times(CUSTOMERS, () => newPayer(app))
  app.stripe.delivery({ mode: "held", concurrency: 50, seed: 7, timeoutMs: MINUTE })
  const buy = async (user: Payer, n: number) => {
    const { sessionId } = await user.subscribe()
    app.stripe.completeCheckout(sessionId, { card: n % 3 === 0 ? "insufficient_on_renewal" : "ok" })
    const [subscription] = (await user.atStripe()).subscriptions
    if (n % 5 === 0) app.stripe.cancelAtPeriodEnd(subscription?.id as string)
    if (n % 10 === 3) app.stripe.createSubscription(await user.stripeId(), FROM_CHECKOUT)
  }
  await Promise.all(users.map(buy))
  await passPeriod(app, users.at(-1) as Payer)
  await passTime(app, { hours: 2 })
  const events = app.stripe.held().length
  await app.stripe.release({ shuffle: true, duplicates: 2 })
  await untilQuiet(app)

  const deliveries = app.stripe.deliveries()
  expect(deliveries.filter(({ status }) => status !== 200)).toEqual([])
  expect(deliveries).toHaveLength(events * 3)
  const check = async (user: Payer, n: number) => {
    expect(await user.standing()).toMatchObject({ tier: n % 5 === 0 ? "basic" : "pro" })
    const live = (await user.atStripe()).subscriptions.filter(({ status }) => status !== "canceled")
    expect(live).toHaveLength(n % 5 === 0 ? 0 : 1)
  }
  await Promise.all(users.map(check))
  // Of our statements: BullMQ's have tables of their own, and are tried again by it.
  const callerOf = (line: string) =>
    line.split("\\n").find((frame) => / at /.test(frame) && !/node_modules\/pg|node:internal/.test(frame))
  const isOurs = (line: string) =>
    line.includes("deadlock detected") && !callerOf(line)?.includes("node_modules/bullmq")
  expect(app.logs().split("\n").filter(isOurs)).toEqual([])
})

import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { readForm } from "../../simulators/stripe/api/form.ts"
import { CARD_KINDS } from "../../simulators/stripe/model/card-kinds.ts"
import { nextPeriod } from "../../simulators/stripe/model/periods.ts"
import { Refused } from "../../simulators/stripe/model/refusals.ts"
import { useStripe } from "./stripe-kit.ts"

const { simulator: account } = await useStripe()

describe("a form", () => {
  const name = fc.stringMatching(/^[a-z]{1,5}$/)
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.array(tie("tree"), { minLength: 1, maxLength: 3 }),
      fc.dictionary(name, tie("tree"), { minKeys: 1, maxKeys: 3 }),
    ),
  }))

  test("is read as it was written", () => {
    fc.assert(
      fc.property(fc.dictionary(name, tree), (value) => {
        expect(readForm(written(value).join("&"))).toEqual(value)
      }),
    )
  })

  test("of any kind is read or refused", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a[\]=&%0]{0,30}$/)), (text) => {
        expect(outcome(() => readForm(text))).not.toBe("crashed")
      }),
    )
  })

  test("puts lists in the order of their numbers", () => {
    expect(readForm("a[1]=b&a[0]=a&b[]=x&b[]=y&c[k][0][d]=1")).toEqual({
      a: ["a", "b"],
      b: ["x", "y"],
      c: { k: [{ d: "1" }] },
    })
  })
})

describe("periods", () => {
  test("of months follow one another, on the anchor's day where there is one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: 1, max: 30 }), (anchor, months) => {
        const recurring = { interval: "month", interval_count: 1 } as const
        let end = anchor
        for (let month = 0; month < months; month++) end = nextPeriod(anchor, end, recurring).end
        const [from, to] = [new Date(anchor * 1000), new Date(end * 1000)]
        const apart =
          (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth()
        expect(apart).toBe(months)
        const lastDay = new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth() + 1, 0)).getUTCDate()
        expect(to.getUTCDate()).toBe(Math.min(from.getUTCDate(), lastDay))
      }),
    )
  })
})

describe("any history", () => {
  const step = fc.oneof(
    fc.record({ does: fc.constant("advance" as const), hours: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ does: fc.constant("subscribe" as const), card: fc.constantFrom(...CARD_KINDS) }),
    fc.record({ does: fc.constant("changeCard" as const), card: fc.constantFrom(...CARD_KINDS) }),
    fc.record({ does: fc.constantFrom("cancelAtPeriodEnd", "resume", "cancelNow", "refund", "dispute") }),
    fc.record({ does: fc.constantFrom("payInvoice", "deleteCustomer") }),
    fc.record({
      does: fc.constant("settings" as const),
      dunning: fc.constantFrom("cancel", "unpaid", "past_due"),
    }),
  )
  type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

  test("is done or refused, and keeps the account whole", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 15 }), (steps) => {
        account.reset()
        const { id } = account.createCustomer()
        for (const each of steps) expect(outcome(() => play(id, each))).not.toBe("crashed")
        const { subscriptions, now } = account.oracle(id)
        for (const subscription of subscriptions) {
          const isOver = ["canceled", "incomplete_expired"].includes(subscription.status)
          expect(subscription.endedAt !== null).toBe(isOver)
          if (!isOver && subscription.status !== "incomplete")
            expect(subscription.currentPeriodEnd).toBeGreaterThan(now)
          if (subscription.cancelAt !== null && !isOver) expect(subscription.cancelAt).toBeGreaterThan(now)
        }
        const created = account.events().map((event) => event.created)
        expect(created).toEqual(created.toSorted((a, b) => a - b))
      }),
      { numRuns: 200 },
    )
  })

  function play(customer: string, step: Step) {
    const latest = account.oracle(customer).subscriptions.at(-1)
    if (step.does === "advance") return account.advance({ hours: step.hours })
    if (step.does === "subscribe") return account.createSubscription(customer, { card: step.card })
    if (step.does === "changeCard") return account.changeCard(customer, step.card)
    if (step.does === "settings") return account.settings({ dunning: step.dunning })
    if (step.does === "deleteCustomer") return account.deleteCustomer(customer)
    if (step.does === "refund") return account.refund({ subscription: latest?.id })
    if (step.does === "payInvoice") return account.payInvoice(latest?.latestInvoice ?? "")
    return account[step.does](latest?.id ?? "")
  }
})

function outcome(work: () => unknown): "done" | "refused" | "crashed" {
  try {
    work()
    return "done"
  } catch (error) {
    if (error instanceof Refused) return "refused"
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
    return "crashed"
  }
}

/** Writes a value as the SDK does. */
function written(value: unknown, key = ""): string[] {
  if (typeof value === "string") return [`${encodeURIComponent(key)}=${encodeURIComponent(value)}`]
  return Object.entries(value as object).flatMap(([name, inner]) =>
    written(inner, key ? `${key}[${name}]` : name),
  )
}

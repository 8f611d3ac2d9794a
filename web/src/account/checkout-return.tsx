import { type Signal, useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { loadPlan, plan } from "../state/plan.ts"
import { loadUser } from "../state/session.ts"
import { w } from "./words/index.ts"

const RETURNS = ["paid", "left", "portal"] as const

type Return = (typeof RETURNS)[number]

/** Stripe tells the service within seconds. With payment methods that take days the page doesn't wait. */
const WAIT_MS = 60_000
const EVERY_MS = 1_500

/** What became of a visit to Stripe: said in words, and looked after until the plan shows it. */
export function CheckoutReturn() {
  const from = useSignal<Return | null>(takeReturn())
  const isWaiting = useSignal(from.value !== null && from.value !== "left")
  useEffect(() => (isWaiting.peek() ? watchPlan(from, isWaiting) : undefined), [from, isWaiting])
  if (from.value === null) return null
  return (
    <p class="returned" role="status">
      {wordsFor(from.value, isWaiting.value)}
    </p>
  )
}

function wordsFor(from: Return, isWaiting: boolean): string {
  if (from !== "paid") return w.returned[from]
  if (plan.value?.tier === "pro") return w.returned.paid
  return isWaiting ? w.returned.confirming : w.returned.unconfirmed
}

/** Loads the plan again and again: after a payment until it is Pro, otherwise for as long as events usually take. */
function watchPlan(from: Signal<Return | null>, isWaiting: Signal<boolean>): () => void {
  const ending = performance.now() + WAIT_MS
  const look = async () => {
    await Promise.all([loadPlan(), loadUser()])
    const isDone = from.peek() === "paid" && plan.peek()?.tier === "pro"
    if (isDone || performance.now() > ending) stop()
  }
  const timer = setInterval(look, EVERY_MS)
  function stop() {
    clearInterval(timer)
    isWaiting.value = false
  }
  void look()
  return () => clearInterval(timer)
}

/** Reads from where Stripe has returned, and takes it out of the address, so that a reload doesn't say it again. */
function takeReturn(): Return | null {
  const address = new URL(location.href)
  const from = address.searchParams.get("from")
  if (from === null) return null
  address.searchParams.delete("from")
  history.replaceState(history.state, "", address)
  return RETURNS.find((each) => each === from) ?? null
}

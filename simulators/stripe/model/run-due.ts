import type { Task } from "./agenda.ts"
import { cancelWhenDue } from "./cancel.ts"
import { expireWhenDue } from "./checkout.ts"
import { settleWhenDue } from "./checkout-late.ts"
import { failRefund } from "./refunds.ts"
import { expireIncomplete, finalizeWhenDue, retryWhenDue, rollPeriod } from "./renewals.ts"
import type { World } from "./world.ts"

const TASKS: Record<Task, (world: World, id: string, at: number) => void> = {
  expire_session: expireWhenDue,
  settle_session: settleWhenDue,
  roll_period: rollPeriod,
  cancel_subscription: cancelWhenDue,
  expire_incomplete: expireIncomplete,
  finalize_invoice: finalizeWhenDue,
  retry_invoice: retryWhenDue,
  fail_refund: failRefund,
}

/** Does all that has become due, each at its time and in order. */
export function runDue(world: World, until = world.now()) {
  for (let due = world.agenda.take(until); due; due = world.agenda.take(until)) {
    const { at, task, id } = due
    world.clock.at(at, () => TASKS[task](world, id, at))
  }
}

/** Moves the clock on, doing on the way what becomes due. */
export function advance(world: World, seconds: number) {
  runDue(world, world.now() + seconds)
  world.clock.forward(seconds)
}

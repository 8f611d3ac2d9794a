import type { Account } from "./account.ts"
import { cancelWhenDue } from "./cancel.ts"
import { expireWhenDue } from "./checkout.ts"
import { settleWhenDue } from "./checkout-late.ts"
import { failRefund } from "./refunds.ts"
import { announceTrialEnd, expireIncomplete, finalizeWhenDue, retryWhenDue, rollPeriod } from "./renewals.ts"
import type { Task } from "./scheduled-tasks.ts"

const TASKS: Record<Task, (account: Account, id: string, at: number) => void> = {
  expire_session: expireWhenDue,
  settle_session: settleWhenDue,
  roll_period: rollPeriod,
  cancel_subscription: cancelWhenDue,
  expire_incomplete: expireIncomplete,
  finalize_invoice: finalizeWhenDue,
  retry_invoice: retryWhenDue,
  fail_refund: failRefund,
  announce_trial_end: announceTrialEnd,
}

/** Does all that has become due, each at its time and in order. */
export function runDue(account: Account, until = account.now()) {
  for (let due = account.tasks.take(until); due; due = account.tasks.take(until)) {
    const { at, task, id } = due
    account.clock.at(at, () => TASKS[task](account, id, at))
  }
}

/** Moves the clock on, doing on the way what becomes due. */
export function advance(account: Account, seconds: number) {
  runDue(account, account.now() + seconds)
  account.clock.forward(seconds)
}

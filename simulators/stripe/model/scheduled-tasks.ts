export type Task =
  | "expire_session"
  | "settle_session"
  | "roll_period"
  | "cancel_subscription"
  | "expire_incomplete"
  | "finalize_invoice"
  | "retry_invoice"
  | "fail_refund"
  | "announce_trial_end"

/** Work that is due at a time, on an object. Whether it still applies is decided when it runs. */
export type Due = { at: number; task: Task; id: string }

/** The work that lies ahead, earliest first; entries of the same second keep their order. */
export class ScheduledTasks {
  #ahead: Due[] = []

  add(at: number, task: Task, { id }: { id: string }) {
    // From the end, where most of them belong.
    const before = this.#ahead.findLastIndex((due) => due.at <= at)
    this.#ahead.splice(before + 1, 0, { at, task, id })
  }

  /** Takes the first entry that is due by `until`, if there is one. */
  take(until: number): Due | undefined {
    const [first] = this.#ahead
    return first && first.at <= until ? this.#ahead.shift() : undefined
  }

  dump(): Due[] {
    return [...this.#ahead]
  }

  load(ahead: Due[]) {
    this.#ahead = [...ahead]
  }
}

export type Task =
  | "expire_session"
  | "settle_session"
  | "roll_period"
  | "cancel_subscription"
  | "expire_incomplete"
  | "finalize_invoice"
  | "retry_invoice"
  | "fail_refund"

/** Work that is due at a time, on an object. Whether it still applies is seen when it is done. */
export type Due = { at: number; task: Task; id: string }

/** What lies ahead, earliest first; entries of the same second keep their order. */
export class Agenda {
  #ahead: Due[] = []

  add(due: Due) {
    let low = 0
    let high = this.#ahead.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ahead[middle]?.at ?? 0) <= due.at) low = middle + 1
      else high = middle
    }
    this.#ahead.splice(low, 0, due)
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

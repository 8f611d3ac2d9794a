import { isAccepted, type Sent } from "./send.ts"

/** The oldest tries are forgotten beyond this many. */
const MAX_RECORDED = 10_000

/** One try to deliver an event. `at` is real time, ms. */
export type Delivery = Sent & { event: string; type: string; endpoint: string; attempt: number; at: number }

/** What was tried, oldest first. */
export class DeliveryLog {
  #deliveries: Delivery[] = []
  readonly #watchers = new Set<(delivery: Delivery) => void>()

  get all(): Delivery[] {
    return [...this.#deliveries]
  }

  record(delivery: Delivery) {
    this.#deliveries.push(delivery)
    if (this.#deliveries.length > MAX_RECORDED) this.#deliveries.shift()
    for (const look of this.#watchers) look(delivery)
  }

  /** Resolves when a receiver has accepted this event, at the latest after `limitMs`. */
  async arrival(event: string, limitMs: number): Promise<void> {
    const isIt = (delivery: Delivery) => delivery.event === event && isAccepted(delivery)
    if (this.#deliveries.some(isIt)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (delivery: Delivery) => isIt(delivery) && resolve()
    const timer = setTimeout(resolve, limitMs)
    this.#watchers.add(look)
    await promise
    clearTimeout(timer)
    this.#watchers.delete(look)
  }

  clear() {
    this.#deliveries = []
  }
}

import { RecentLog } from "../../shared/recent.ts"
import { isAccepted, type Sent } from "./send.ts"

/** One try to deliver an event. `at` is real time, ms. */
export type Delivery = Sent & { event: string; type: string; endpoint: string; attempt: number; at: number }

/** What was tried, oldest first. */
export class DeliveryLog extends RecentLog<Delivery> {
  readonly #watchers = new Set<(delivery: Delivery) => void>()

  override add(delivery: Delivery): Delivery {
    for (const look of this.#watchers) look(delivery)
    return super.add(delivery)
  }

  /** Resolves when a receiver has accepted this event, at the latest after `limitMs`. */
  async arrival(event: string, limitMs: number): Promise<void> {
    const isIt = (delivery: Delivery) => delivery.event === event && isAccepted(delivery)
    if (this.all.some(isIt)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (delivery: Delivery) => isIt(delivery) && resolve()
    const timer = setTimeout(resolve, limitMs)
    this.#watchers.add(look)
    await promise
    clearTimeout(timer)
    this.#watchers.delete(look)
  }
}

import { CallLog } from "./calls.ts"
import { Courier } from "./delivery/courier.ts"
import { Faults } from "./faults.ts"
import { Idempotency } from "./idempotency.ts"
import { Clock } from "./model/clock.ts"
import { API_VERSION, type WireEvent } from "./model/events.ts"
import { seed } from "./model/seed.ts"
import { World } from "./model/world.ts"
import { webhookEndpointObject } from "./objects/webhook-endpoint.ts"

export type Endpoint = { url: string; secret: string }

/** The endpoint that is set from outside rather than made through the API. */
const DEFAULT_ENDPOINT = "we_default"

/** All that a running simulator remembers. */
export class State {
  readonly world: World
  readonly courier: Courier
  readonly calls = new CallLog()
  readonly faults = new Faults()
  readonly idempotency = new Idempotency()
  /** Told when there is something new to keep. */
  onChange: () => void = () => {}
  readonly #startAt: number | undefined
  #endpoint: Endpoint | undefined

  /** `startAt` is the time it begins at, Unix seconds; `frozen` makes it stand still until it is advanced. */
  constructor({ startAt, frozen = false }: { startAt?: number; frozen?: boolean } = {}) {
    this.#startAt = startAt
    this.world = new World(new Clock(frozen))
    this.courier = new Courier(
      (id) => this.#target(id),
      () => this.onChange(),
    )
    this.world.onEvent = (event) => this.#dispatch(event)
    this.reset()
  }

  /** Adds or replaces the endpoint that events go to by default. */
  setEndpoint(endpoint: Endpoint) {
    this.#endpoint = endpoint
    const { url, secret } = endpoint
    this.world.store.add(
      "webhook_endpoint",
      webhookEndpointObject(this.world, {
        id: DEFAULT_ENDPOINT,
        url,
        secret,
        events: ["*"],
        version: API_VERSION,
      }),
    )
  }

  /** Back to the start: an account with one price, at the time it began. The default endpoint stays. */
  reset() {
    this.courier.reset()
    this.calls.clear()
    this.faults.clear()
    this.idempotency.load([])
    this.world.clear()
    if (this.#startAt !== undefined) this.world.clock.set(this.#startAt)
    seed(this.world)
    if (this.#endpoint) this.setEndpoint(this.#endpoint)
    this.onChange()
  }

  #target(id: string): Endpoint | undefined {
    const endpoint = this.world.store.get("webhook_endpoint", id)
    return endpoint && { url: endpoint.url, secret: endpoint.secret ?? "" }
  }

  #dispatch(event: WireEvent) {
    const endpoints = this.world.store
      .all("webhook_endpoint")
      .filter(({ status, enabled_events: wanted }) => {
        return status === "enabled" && (wanted.includes("*") || wanted.includes(event.type))
      })
    event.pending_webhooks = endpoints.length
    for (const endpoint of endpoints) this.courier.accept(event, endpoint.id)
    this.onChange()
  }
}

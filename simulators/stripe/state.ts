import { RecentLog } from "../shared/recent.ts"
import type { Target } from "./delivery/send.ts"
import { WebhookSender } from "./delivery/webhook-sender.ts"
import { Idempotency } from "./idempotency.ts"
import { InjectedFaults } from "./injected-faults.ts"
import { Account } from "./model/account.ts"
import { Clock } from "./model/clock.ts"
import type { WireEvent } from "./model/events.ts"
import { seed } from "./model/seed.ts"
import { webhookEndpointObject } from "./objects/webhook-endpoint.ts"

/** What is known of one call of the API. `status` is null until it is answered, and stays so if it never is. */
export type ApiCall = {
  method: string
  path: string
  /** What follows the path, from the question mark on. */
  query: string
  idempotencyKey: string | null
  status: number | null
  /** Real time, ms. */
  at: number
}

/** The endpoint that is set from outside rather than made through the API. */
const DEFAULT_ENDPOINT = "we_default"

/** All that a running simulator remembers. */
export class State {
  readonly account: Account
  readonly webhookSender: WebhookSender
  readonly calls = new RecentLog<ApiCall>()
  readonly faults = new InjectedFaults()
  readonly idempotency = new Idempotency()
  /** Called when there is something new to keep. */
  onChange: () => void = () => {}
  readonly #startAt: number | undefined
  #endpoint: Target | undefined

  /** `startAt` is the time it begins at, Unix seconds; `frozen` makes it stand still until it is advanced. */
  constructor({ startAt, frozen = false }: { startAt?: number; frozen?: boolean } = {}) {
    this.#startAt = startAt
    this.account = new Account(new Clock(frozen))
    this.webhookSender = new WebhookSender(
      (id) => this.#target(id),
      () => this.onChange(),
    )
    this.account.onEvent = (event) => this.#dispatch(event)
    this.reset()
  }

  /** Adds or replaces the endpoint that events go to by default. */
  setEndpoint(endpoint: Target) {
    this.#endpoint = endpoint
    const fields = { ...endpoint, id: DEFAULT_ENDPOINT, enabled_events: ["*"] }
    this.account.store.add("webhook_endpoint", webhookEndpointObject(this.account, fields))
  }

  /** Back to the start: an account with one price, at the time it began. The default endpoint stays. */
  reset() {
    this.webhookSender.reset()
    this.calls.clear()
    this.faults.clear()
    this.idempotency.load([])
    this.account.clear()
    if (this.#startAt !== undefined) this.account.clock.set(this.#startAt)
    seed(this.account)
    if (this.#endpoint) this.setEndpoint(this.#endpoint)
    this.onChange()
  }

  #target(id: string): Target | undefined {
    const endpoint = this.account.store.get("webhook_endpoint", id)
    return endpoint && { url: endpoint.url, secret: endpoint.secret ?? "" }
  }

  #dispatch(event: WireEvent) {
    const endpoints = this.account.store
      .all("webhook_endpoint")
      .filter(({ status, enabled_events: wanted }) => {
        return status === "enabled" && (wanted.includes("*") || wanted.includes(event.type))
      })
    event.pending_webhooks = endpoints.length
    for (const endpoint of endpoints) this.webhookSender.accept(event, endpoint.id)
    this.onChange()
  }
}

import type Stripe from "stripe"
import type { CardKind } from "./card-kinds.ts"
import { noSuch } from "./refusals.ts"

/** How a payment method behaves. `charged` counts successful charges, `authenticated` is set by its owner. */
export type CardRecord = { id: string; card: CardKind; charged: number; authenticated: boolean }

/** What of a Checkout session the API doesn't show: what was asked for, and how a late payment will end. */
export type SessionRecord = {
  id: string
  price: string
  quantity: number
  subscriptionMetadata: Stripe.Metadata
  lateOutcome: "succeed" | "fail" | null
}

/** Every kind of object and the type it is kept as. All are kept as they go over the wire, unexpanded. */
export type Kinds = {
  customer: Stripe.Customer
  deleted_customer: Stripe.DeletedCustomer
  product: Stripe.Product
  price: Stripe.Price
  payment_method: Stripe.PaymentMethod
  card: CardRecord
  session: Stripe.Checkout.Session
  session_record: SessionRecord
  subscription: Stripe.Subscription
  invoice: Stripe.Invoice
  invoice_payment: Stripe.InvoicePayment
  payment_intent: Stripe.PaymentIntent
  charge: Stripe.Charge
  refund: Stripe.Refund
  dispute: Stripe.Dispute
  portal_session: Stripe.BillingPortal.Session
  portal_configuration: Stripe.BillingPortal.Configuration
  webhook_endpoint: Stripe.WebhookEndpoint
}

export type Kind = keyof Kinds

const KINDS: readonly Kind[] = [
  "customer",
  "deleted_customer",
  "product",
  "price",
  "payment_method",
  "card",
  "session",
  "session_record",
  "subscription",
  "invoice",
  "invoice_payment",
  "payment_intent",
  "charge",
  "refund",
  "dispute",
  "portal_session",
  "portal_configuration",
  "webhook_endpoint",
]

/** Kinds that an id in another object may stand for, so that it can be expanded. */
const REFERRED: readonly Kind[] = KINDS.filter((kind) => kind !== "card" && kind !== "session_record")

/** What error messages call a kind, where that isn't its name. */
const NAMES: Partial<Record<Kind, string>> = {
  session: "checkout.session",
  payment_method: "PaymentMethod",
  portal_configuration: "configuration",
  webhook_endpoint: "webhook endpoint",
}

export type StoredObjects = Partial<Record<Kind, unknown[]>>

/** All objects of the account, each kind in order of creation. */
export class Store {
  #tables = emptyTables()

  add<K extends Kind>(kind: K, object: Kinds[K]): Kinds[K] {
    this.#table(kind).set(object.id, object)
    return object
  }

  get<K extends Kind>(kind: K, id: string): Kinds[K] | undefined {
    return this.#table(kind).get(id)
  }

  /** The object with this id, which the model knows to exist. */
  need<K extends Kind>(kind: K, id: string): Kinds[K] {
    const object = this.get(kind, id)
    if (!object) throw new Error(`The simulator has lost its ${kind} ${id}`)
    return object
  }

  /** The object that a request names. Refuses an unknown id, naming the parameter it came in. */
  lookUp<K extends Kind>(kind: K, id: string, param?: string): Kinds[K] {
    const object = this.get(kind, id)
    if (!object) throw noSuch(NAMES[kind] ?? kind, id, param)
    return object
  }

  all<K extends Kind>(kind: K): Kinds[K][] {
    return [...this.#table(kind).values()]
  }

  remove(kind: Kind, id: string) {
    this.#tables[kind].delete(id)
  }

  /** Whatever object has this id. */
  find(id: string): Kinds[Kind] | undefined {
    for (const kind of REFERRED) {
      const object = this.#tables[kind].get(id)
      if (object) return object
    }
    return undefined
  }

  dump(): StoredObjects {
    return Object.fromEntries(KINDS.map((kind) => [kind, [...this.#tables[kind].values()]]))
  }

  /** Takes what `dump` gave. */
  load(objects: StoredObjects) {
    this.#tables = emptyTables()
    for (const kind of KINDS) {
      for (const object of (objects[kind] ?? []) as Kinds[Kind][]) this.#tables[kind].set(object.id, object)
    }
  }

  clear() {
    this.#tables = emptyTables()
  }

  #table<K extends Kind>(kind: K) {
    return this.#tables[kind] as Map<string, Kinds[K]>
  }
}

function emptyTables(): Record<Kind, Map<string, Kinds[Kind]>> {
  return Object.fromEntries(KINDS.map((kind) => [kind, new Map()])) as Record<Kind, Map<string, Kinds[Kind]>>
}

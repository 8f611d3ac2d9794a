import type Stripe from "stripe"
import type { CardKind } from "./card-kinds.ts"
import type { Promotion } from "./discounts.ts"
import { noSuch } from "./refusals.ts"

/** How a payment method behaves; its owner sets `authenticated`. */
export type CardRecord = { id: string; card: CardKind; authenticated: boolean }

/** What of a Checkout session the API doesn't show: what was asked for, and how a late payment will end. */
export type SessionRecord = {
  id: string
  price: string
  quantity: number
  subscriptionMetadata: Stripe.Metadata
  trialDays: number | null
  promotion: Promotion | null
  /** Whether taxes are added, by the buyer's address. */
  isTaxed: boolean
  lateOutcome: "succeed" | "fail" | null
}

/** Every kind of object and the type it is kept as. All are kept as they go over the wire, unexpanded. */
export type Kinds = {
  customer: Stripe.Customer
  deleted_customer: Stripe.DeletedCustomer
  product: Stripe.Product
  price: Stripe.Price
  coupon: Stripe.Coupon
  promotion_code: Stripe.PromotionCode
  discount: Stripe.Discount
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
  #tables = new Map<Kind, Map<string, Kinds[Kind]>>()

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
    this.#table(kind).delete(id)
  }

  /** Whatever object has this id, so that an id in another object can be expanded. */
  find(id: string): Kinds[Kind] | undefined {
    for (const [kind, table] of this.#tables) {
      const object = kind === "card" || kind === "session_record" ? undefined : table.get(id)
      if (object) return object
    }
    return undefined
  }

  dump(): StoredObjects {
    return Object.fromEntries([...this.#tables].map(([kind, table]) => [kind, [...table.values()]]))
  }

  /** Replaces all objects by what `dump` returned. */
  load(objects: StoredObjects) {
    this.#tables.clear()
    for (const [kind, list = []] of Object.entries(objects)) {
      for (const object of list as Kinds[Kind][]) this.add(kind as Kind, object)
    }
  }

  #table<K extends Kind>(kind: K): Map<string, Kinds[K]> {
    const table = this.#tables.get(kind) ?? new Map()
    this.#tables.set(kind, table)
    return table
  }
}

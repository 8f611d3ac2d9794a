import type Stripe from "stripe"
import { z } from "zod"
import type { Account } from "../model/account.ts"
import { change } from "../model/change.ts"
import type { Kind, Kinds } from "../model/store.ts"
import type { Form } from "./form.ts"
import { type Paging, page } from "./page.ts"
import { checked, inRange, metadata, optional, paging, patchOf, type Range } from "./params.ts"

type Shape = z.core.$ZodLooseShape
type Params<S extends Shape> = z.output<z.ZodObject<S, z.core.$strict>>

/** One call of the API: where, what it takes, what it does. `:id` in the path stands for an object's id. */
export type Route = {
  method: "GET" | "POST" | "DELETE"
  path: string
  run(account: Account, id: string, form: Form): unknown
}

export type Call<S extends Shape> = { account: Account; id: string; params: Params<S> }

/** Declares a call. `run` gets checked parameters and returns the object to answer with, unexpanded. */
export function route<S extends Shape>(
  method: Route["method"],
  path: string,
  shape: S,
  run: (call: Call<S>) => unknown,
): Route {
  const schema = z.strictObject(shape)
  return { method, path, run: (account, id, form) => run({ account, id, params: checked(schema, form) }) }
}

/** Declares the calls that list objects of a kind and retrieve one of them. */
export function listAndRetrieve<K extends Kind, S extends Shape>(
  ...listed: Parameters<typeof list<K, S>>
): Route[] {
  const [path, kind] = listed
  const one = route("GET", `${path}/:id`, {}, ({ account, id }) => account.store.lookUp(kind, id))
  return [list(...listed), one]
}

/** Declares the call that changes an object's fields and merges its metadata. `event` reports what has changed. */
export function update<K extends "coupon" | "product" | "price" | "session" | "refund", S extends Shape>(
  path: string,
  kind: K,
  fields: S,
  event?: string,
): Route {
  const shape = { metadata: metadata.optional(), ...fields }
  return route("POST", `${path}/:id`, shape, ({ account, id, params }) => {
    const object: { metadata: Stripe.Metadata | null } = account.store.lookUp(kind, id)
    const patch = patchOf(object, params)
    return event ? change(account, event, object, patch) : Object.assign(object, patch)
  })
}

type Listed<K extends Kind, S extends Shape> = {
  /** Filters that ask for more than a field of their name with their value. */
  tests?: { [Name in keyof Params<S>]?: (object: Kinds[K], value: NonNullable<Params<S>[Name]>) => boolean }
  /** Values of filters that aren't given. */
  defaults?: { [Name in keyof Params<S>]?: string }
  /** Filters that refuse the id of a customer or subscription that never existed. */
  known?: Array<"customer" | "subscription">
}

/**
 * Declares the call that lists objects of a kind, newest first, with filters that may be left out. `created` is a
 * range, others are exact.
 */
export function list<K extends Kind, S extends Shape>(
  path: string,
  kind: K,
  filters: S,
  { tests = {}, known = [], defaults = {} }: Listed<K, S> = {},
): Route {
  return route("GET", path, { ...paging, ...optional(filters) }, ({ account, params }) => {
    const given = Object.entries({ ...defaults, ...params }).filter(
      ([name, value]) => name in filters && value !== undefined,
    )
    for (const [name, id] of given) {
      if (name === "customer" || name === "subscription") {
        if (known.includes(name)) refuseUnknown(account, name, String(id))
      }
    }
    const found = account.store.all(kind).filter((object) =>
      given.every(([name, value]) => {
        const test = (tests as Record<string, (object: Kinds[K], value: unknown) => boolean>)[name]
        if (test) return test(object, value)
        const field = (object as Record<string, unknown>)[name]
        return name === "created" ? inRange(Number(field), value as Range) : field === value
      }),
    )
    return page(path, found, params as Paging)
  })
}

/** What is deleted can still be asked for. */
function refuseUnknown({ store }: Account, kind: "customer" | "subscription", id: string) {
  if (kind !== "customer" || !store.get("deleted_customer", id)) store.lookUp(kind, id, kind)
}

import type { Call } from "./call.ts"
import type { Draft } from "./draft.ts"
import { sign } from "./events.ts"
import { type Memory, namesIn } from "./memory.ts"
import type { FuzzUser } from "./user.ts"

export interface Actors {
  own: FuzzUser
  other: FuzzUser
  /** What operators know: of everybody, and still there when a user is gone. */
  operator: Memory
  adminToken: string
  webhookSecret: string
}

/** Belongs to no user. */
const UNKNOWN_ID = "01a20380-35df-77b7-a96a-565deb07f9f4"

/** Turns a draft into a call: fills in what replies have contained so far. */
export function compose(draft: Draft, actors: Actors): { call: Call; params: Record<string, string> } {
  const { method, template, pick, stranger, signature } = draft
  const user = stranger ? actors.other : actors.own
  const memory = isForOperators(template) ? actors.operator : user.memory
  const params = { ...draft.otherwise, ...memory.paramsFor(template, pick), ...draft.params }
  for (const name of namesIn(template)) params[name] ??= UNKNOWN_ID
  const path = template.replace(/\{(\w+)\}/g, (_, name) => params[name] as string)
  const body = draft.body && textOf(draft.body, isForOperators(template) ? memory : actors.own.memory)
  const signed = signature && { "Stripe-Signature": sign(body ?? "", actors.webhookSecret, signature) }
  const query = fillCursor(draft.query, memory.cursorOf(template, pick))
  return {
    params,
    call: {
      method,
      path: query === "" ? path : `${path}?${query}`,
      headers: { ...identify(draft, actors), ...draft.headers, ...signed },
      ...(body === undefined ? {} : { body }),
    },
  }
}

const isForOperators = (template: string) => template.startsWith("/admin/")

function fillCursor(query: string, cursor: string | null): string {
  if (!query.includes("cursor=%24cursor")) return query
  const search = new URLSearchParams(query)
  if (cursor === null) search.delete("cursor")
  else search.set("cursor", cursor)
  return search.toString()
}

function identify({ identity }: Draft, { own, other, adminToken }: Actors): Record<string, string> {
  const tokens = { own: own.token, other: other.token, refresh: own.refreshToken, admin: adminToken }
  return identity in tokens ? { authorization: `Bearer ${tokens[identity as keyof typeof tokens]}` } : {}
}

function textOf(body: NonNullable<Draft["body"]>, memory: Memory): string {
  return "raw" in body ? body.raw : JSON.stringify(memory.lookUp(body.json))
}

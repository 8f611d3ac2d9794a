import type { Call } from "./call.ts"
import type { Draft } from "./draft.ts"
import { namesIn } from "./memory.ts"
import type { FuzzUser } from "./user.ts"

export interface Actors {
  own: FuzzUser
  other: FuzzUser
  adminToken: string
}

/** Nobody's. */
const UNKNOWN_ID = "01a20380-35df-77b7-a96a-565deb07f9f4"

/** Makes of a draft what is sent: looks up what the server has said so far. */
export function compose(draft: Draft, actors: Actors): { call: Call; params: Record<string, string> } {
  const { method, template, pick, stranger } = draft
  const memory = (stranger ? actors.other : actors.own).memory
  const params = { ...draft.otherwise, ...memory.paramsFor(template, pick), ...draft.params }
  for (const name of namesIn(template)) params[name] ??= UNKNOWN_ID
  const path = template.replace(/\{(\w+)\}/g, (_, name) => params[name] as string)
  const query = fillCursor(draft.query, memory.cursorOf(template, pick))
  return {
    params,
    call: {
      method,
      path: query === "" ? path : `${path}?${query}`,
      headers: { ...identify(draft, actors), ...draft.headers },
      ...(draft.body ? { body: textOf(draft.body, actors) } : {}),
    },
  }
}

function fillCursor(query: string, cursor: string | null): string {
  if (!query.includes("cursor=%24cursor")) return query
  const search = new URLSearchParams(query)
  if (cursor === null) search.delete("cursor")
  else search.set("cursor", cursor)
  return search.toString()
}

function identify({ identity }: Draft, { own, other, adminToken }: Actors): Record<string, string> {
  switch (identity) {
    case "own":
      return { authorization: `Bearer ${own.token}` }
    case "other":
      return { authorization: `Bearer ${other.token}` }
    case "refresh":
      return { authorization: `Bearer ${own.refreshToken}` }
    case "admin":
      return { authorization: `Bearer ${adminToken}` }
    default:
      return {}
  }
}

function textOf(body: NonNullable<Draft["body"]>, { own }: Actors): string {
  return "raw" in body ? body.raw : JSON.stringify(own.memory.lookUp(body.json))
}

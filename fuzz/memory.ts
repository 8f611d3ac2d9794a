import { isRemembered } from "./draft.ts"

/** Words of a reply that a later request may use. */
const NAMES = ["id", "otp", "refreshToken", "mobileNumber"]
const KEPT = 30

/** What the server has told one user: values by their names, and things by the path that they live under. */
export interface Memory {
  learn(template: string, params: Record<string, string>, body: unknown, link: string | null): void
  /** Values for the parameters of `template`: of a thing that exists, where one is known. */
  paramsFor(template: string, pick: number): Record<string, string>
  /** `value` with everything remembered looked up. */
  lookUp(value: unknown): unknown
  cursorOf(template: string, pick: number): string | null
}

export function createMemory(): Memory {
  const values = new Map<string, string[]>()
  const things = new Map<string, Record<string, string>[]>()
  const cursors = new Map<string, string[]>()
  const lookUp = (value: unknown): unknown => {
    if (isRemembered(value)) return choose(values.get(value.$remembered), value.pick) ?? value.otherwise
    if (Array.isArray(value)) return value.map(lookUp)
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, lookUp(one)]))
  }
  return {
    lookUp,
    learn(template, params, body, link) {
      const cursor = /[?&]cursor=([^&>]+)/.exec(link ?? "")?.[1]
      if (cursor) keep(cursors, template, decodeURIComponent(cursor))
      const parent = template.replace(/\/\{\w+\}$/, "")
      for (const thing of thingsIn(body)) {
        for (const name of NAMES) if (typeof thing[name] === "string") keep(values, name, thing[name])
        if (typeof thing.id === "string") keep(things, parent, { ...known(parent, params), "": thing.id })
      }
    },
    paramsFor(template, pick) {
      const names = namesIn(template)
      for (let depth = names.length; depth > 0; depth--) {
        const name = names[depth - 1] as string
        const parent = template.slice(0, template.indexOf(`/{${name}}`))
        const thing = choose(things.get(parent), pick)
        if (!thing) continue
        const { "": id, ...rest } = thing
        return { ...rest, [name]: id as string }
      }
      return {}
    },
    cursorOf: (template, pick) => choose(cursors.get(template), pick) ?? null,
  }
}

export const namesIn = (template: string) =>
  [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string)

const known = (parent: string, params: Record<string, string>) =>
  Object.fromEntries(namesIn(parent).flatMap((name) => (params[name] ? [[name, params[name]]] : [])))

function choose<T>(list: T[] | undefined, pick: number): T | undefined {
  return list?.[pick % list.length]
}

/** The newest are kept. */
function keep<T>(map: Map<string, T[]>, name: string, value: T): void {
  const list = map.get(name) ?? []
  list.push(value)
  if (list.length > KEPT) list.shift()
  map.set(name, list)
}

/** The reply itself, what is in it and what is in its lists. */
function* thingsIn(body: unknown, depth = 0): Generator<Record<string, unknown>> {
  if (typeof body !== "object" || body === null || depth > 2) return
  if (Array.isArray(body)) {
    for (const one of body.slice(0, 5)) yield* thingsIn(one, depth + 1)
    return
  }
  yield body as Record<string, unknown>
  for (const one of Object.values(body)) yield* thingsIn(one, depth + 1)
}

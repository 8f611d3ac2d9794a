import { isRemembered } from "./draft.ts"
import { createPairs } from "./pairs.ts"

/** Words of a reply that a later request may use. */
const NAMES = ["otp", "refreshToken", "mobileNumber"]
const KEPT = 30

/** Endpoints whose replies are things of another path than their own. */
const MADE: Record<string, string> = { "/chatroom/import": "/import" }

/** Things whose ids are none of a room or a message. */
const OWN_IDS: Record<string, string> = { "/attachment": "attachmentId", "/import": "importId" }

/** A request that succeeded, and its reply. */
export interface Lesson {
  template: string
  params: Record<string, string>
  /** Parsed, as is `body`; undefined where there was none. */
  sent: unknown
  body: unknown
  link: string | null
}

/** What a user knows before the first reply. */
export interface Given {
  mobileNumber: string
  password: string
  adminToken: string
  /** The paths that things live under, of `collectionsOf`. */
  collections: readonly string[]
}

/** What one user has learned from replies: values by name, and things by the path they live under. */
export interface Memory {
  learn(lesson: Lesson): void
  /** Values for the parameters of `template`: of a thing that exists, where one is known. */
  paramsFor(template: string, pick: number): Record<string, string>
  /** `value` with everything remembered looked up. */
  lookUp(value: unknown): unknown
  cursorOf(template: string, pick: number): string | null
}

export function createMemory({ collections, adminToken, ...own }: Given): Memory {
  const values = new Map<string, string[]>([
    ["mobileNumber", [own.mobileNumber]],
    // What an operator signs in with.
    ["token", [adminToken]],
  ])
  const pairs = createPairs(own)
  const things = new Map<string, Record<string, string>[]>()
  const cursors = new Map<string, string[]>()
  const lookUp = (value: unknown): unknown => {
    if (isRemembered(value)) {
      const { $remembered: name, pick, otherwise } = value
      return pairs.lookUp(name, pick) ?? choose(values.get(name), pick) ?? otherwise
    }
    if (Array.isArray(value))
      return value.some(isRemembered) ? [...new Set(value.map(lookUp))] : value.map(lookUp)
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, lookUp(one)]))
  }
  /** Of `/shared/…`, what stands behind it. */
  const learnLink = (url: string) => {
    const [, parent, token] = /^https?:\/\/[^/]+(\/shared)\/([\w-]+)$/.exec(url) ?? []
    if (!parent || !token) return
    keep(things, parent, { "": token })
    keep(values, "url", url)
  }
  const learnAssets = (page: string) => {
    for (const [, file = ""] of page.matchAll(/\/app\/assets\/([\w.-]+)/g))
      keep(things, "/app/assets", { "": file })
  }
  return {
    lookUp,
    learn({ template, params, sent, body, link }) {
      pairs.learn(template, toRecord(sent), toRecord(body))
      // A refresh token is good once.
      if (template === "/auth/refresh")
        values.set("refreshToken", without(values.get("refreshToken"), toRecord(sent).refreshToken))
      const cursor = /[?&]cursor=([^&>]+)/.exec(link ?? "")?.[1]
      if (cursor) keep(cursors, template, decodeURIComponent(cursor))
      const parent =
        MADE[template] ?? collections.findLast((path) => `${template}/`.startsWith(`${path}/`)) ?? template
      if (typeof body === "string") learnAssets(body)
      for (const thing of thingsIn(body)) {
        for (const name of NAMES) if (typeof thing[name] === "string") keep(values, name, thing[name])
        if (isUuid(thing.id)) keep(values, OWN_IDS[parent] ?? "id", thing.id)
        if (typeof thing.id === "string") keep(things, parent, { ...known(parent, params), "": thing.id })
        if (typeof thing.url === "string") learnLink(thing.url)
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

/** The paths that things live under, such as `/chatroom`: those with a parameter behind them. Longer ones come later. */
export function collectionsOf(templates: readonly string[]): string[] {
  const paths = templates.flatMap((template) =>
    [...template.matchAll(/\/\{/g)].map(({ index }) => template.slice(0, index)),
  )
  return [...new Set(paths)].sort((a, b) => a.length - b.length)
}

export const namesIn = (template: string) =>
  [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string)

const known = (parent: string, params: Record<string, string>) =>
  Object.fromEntries(namesIn(parent).flatMap((name) => (params[name] ? [[name, params[name]]] : [])))

/** Models have names for ids. */
const isUuid = (id: unknown): id is string =>
  typeof id === "string" && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(id)

function choose<T>(list: T[] | undefined, pick: number): T | undefined {
  return list?.[pick % list.length]
}

/** The newest are kept; a text that comes again counts once, so that it doesn't crowd out the others. */
function keep<T>(map: Map<string, T[]>, name: string, value: T): void {
  map.set(name, [...without(map.get(name), value), value].slice(-KEPT))
}

const without = <T>(list: T[] = [], value: unknown) => list.filter((one) => one !== value)

const toRecord = (value: unknown) =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {}

/** The reply itself, what is in it and what is in its lists. */
function* thingsIn(body: unknown, depth = 0): Generator<Record<string, unknown>> {
  if (typeof body !== "object" || body === null || depth > 2) return
  if (!Array.isArray(body)) yield body as Record<string, unknown>
  const parts = Array.isArray(body) ? body.slice(0, 5) : Object.values(body)
  for (const part of parts) yield* thingsIn(part, depth + 1)
}

import { invalid } from "../model/refusals.ts"

/** What a form says: texts, and lists and objects of them by its brackets. */
export type FormValue = string | FormValue[] | { [key: string]: FormValue }
export type Form = { [key: string]: FormValue }

type Branch = Map<string, Branch | string>

const MAX_FIELDS = 2000
const MAX_DEPTH = 10
const KEY = /^([^[\]]+)((?:\[[^[\]]*\])*)$/

/** Reads `a[b][0]=c` as Stripe does. Refuses what can't be read. */
export function readForm(text: string): Form {
  const fields = [...new URLSearchParams(text)]
  if (fields.length > MAX_FIELDS) throw invalid("The request has too many parameters.")
  const root: Branch = new Map()
  for (const [key, value] of fields) put(root, pathOf(key), value, key)
  return Object.fromEntries([...root].map(([key, value]) => [key, readValue(value)]))
}

function pathOf(key: string): string[] {
  const match = KEY.exec(key)
  // Without closed brackets it is a name like any other, which no request knows.
  if (!match) return [key]
  const [, name = "", brackets = ""] = match
  const path = [name, ...[...brackets.matchAll(/\[([^[\]]*)\]/g)].map(([, inner = ""]) => inner)]
  if (path.length > MAX_DEPTH) throw invalid("The request's parameters are nested too deeply.")
  return path
}

function put(root: Branch, path: string[], value: string, key: string) {
  let branch = root
  for (const [at, part] of path.entries()) {
    const name = part === "" ? String(branch.size) : part
    if (at === path.length - 1) {
      if (branch.get(name) instanceof Map) throw invalid(`Invalid parameter: ${key}`, key)
      branch.set(name, value)
      return
    }
    const next = branch.get(name) ?? new Map()
    if (typeof next === "string") throw invalid(`Invalid parameter: ${key}`, key)
    branch.set(name, next)
    branch = next
  }
}

function readValue(branch: Branch | string): FormValue {
  if (typeof branch === "string") return branch
  const entries = [...branch]
  if (entries.every(([key]) => /^\d+$/.test(key))) {
    return entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, value]) => readValue(value))
  }
  return Object.fromEntries(entries.map(([key, value]) => [key, readValue(value)]))
}

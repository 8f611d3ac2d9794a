import type { Account } from "../model/account.ts"
import { type Fields, isFields } from "../model/change.ts"
import { copyOf } from "../model/events.ts"
import { invalid } from "../model/refusals.ts"
import { INCLUDABLE } from "./includable.ts"

/** https://docs.stripe.com/expand: four levels, `data` of a list not counted. */
const MAX_DEPTH = 4

/** A copy of an answer in which the ids at `paths` are replaced by their objects. Refuses what can't be expanded. */
export function expanded(account: Account, answer: unknown, paths: readonly string[]): unknown {
  const copy = copyOf(answer)
  for (const path of paths) {
    const parts = path.split(".")
    if (parts.filter((part) => part !== "data").length > MAX_DEPTH) {
      throw invalid(`You cannot expand more than ${MAX_DEPTH} levels of a property (${path}).`, "expand")
    }
    expand(account, copy, parts, path)
  }
  return copy
}

function expand(account: Account, target: unknown, parts: string[], path: string) {
  const [part, ...rest] = parts
  if (part === undefined || !isFields(target)) return
  include(account, target, part)
  if (!(part in target)) throw invalid(`This property cannot be expanded (${path}).`, "expand")
  target[part] = Array.isArray(target[part])
    ? target[part].map((entry) => resolved(account, entry))
    : resolved(account, target[part])
  for (const next of [target[part]].flat()) expand(account, next, rest, path)
}

function resolved(account: Account, value: unknown): unknown {
  if (typeof value !== "string") return value
  return copyOf(account.store.find(value) ?? value)
}

function include(account: Account, target: Fields, part: string) {
  if (part in target || typeof target.object !== "string") return
  const value = INCLUDABLE[target.object]?.[part]?.(account, String(target.id))
  if (value !== undefined) target[part] = copyOf(value)
}

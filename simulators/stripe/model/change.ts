import type { Account } from "./account.ts"

export type Fields = Record<string, unknown>

/**
 * Changes an object and emits `type` with the previous values of what changed. Emits nothing if nothing changes.
 * Returns the object.
 */
export function change<T extends object>(account: Account, type: string, object: T, patch: Partial<T>): T {
  const previous = assign(object, patch)
  if (Object.keys(previous).length > 0) account.emit(type, object, previous)
  return object
}

/** Changes an object; returns what the changed fields were before. */
export function assign<T extends object>(object: T, patch: Partial<T>): Fields {
  const previous = differences(object as Fields, patch as Fields)
  Object.assign(object, patch)
  return previous
}

function differences(before: Fields, after: Fields): Fields {
  const previous: Fields = {}
  for (const [key, value] of Object.entries(after)) {
    const old = before[key]
    if (JSON.stringify(old) === JSON.stringify(value)) continue
    previous[key] = isFields(old) && isFields(value) ? differences(old, value) : (old ?? null)
  }
  return previous
}

/** Whether a value is an object with fields. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

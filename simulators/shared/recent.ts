/** The oldest entries are dropped beyond this many, so that a long-lived simulator doesn't grow. */
const MAX_ENTRIES = 20_000

/** A log of the newest entries, oldest first. */
export class RecentLog<Entry extends object> {
  readonly #limit: number
  #entries: Entry[] = []

  constructor(limit = MAX_ENTRIES) {
    this.#limit = limit
  }

  add(entry: Entry): Entry {
    this.#entries.push(entry)
    if (this.#entries.length > this.#limit) this.#entries.shift()
    return entry
  }

  /** Copies: an entry may still change. */
  get all(): Entry[] {
    return this.#entries.map((entry) => ({ ...entry }))
  }

  clear() {
    this.#entries = []
  }
}

/** Sets an entry of a map and drops the oldest one beyond `limit`. */
export function setRecent<Value>(map: Map<string, Value>, key: string, value: Value, limit = MAX_ENTRIES) {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > limit && oldest !== undefined) map.delete(oldest)
}

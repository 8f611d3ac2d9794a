type Waiting<Item, Call> = { item: Item; left: number; matches: (call: Call) => boolean }

/** What was scripted for the next calls: the first item that matches a call is used, and used up. */
export class ScriptQueue<Item, Call> {
  #waiting: Waiting<Item, Call>[] = []

  /** Queues an item for the next `calls` calls that match. */
  add(item: Item, calls: number | "all", matches: (call: Call) => boolean) {
    this.#waiting.push({ item, left: calls === "all" ? Number.POSITIVE_INFINITY : calls, matches })
  }

  /** Takes the item for a call, if there is one. */
  take(call: Call): Item | undefined {
    const entry = this.#waiting.find(({ matches }) => matches(call))
    if (!entry) return undefined
    entry.left -= 1
    if (entry.left === 0) this.#waiting.splice(this.#waiting.indexOf(entry), 1)
    return entry.item
  }

  get length(): number {
    return this.#waiting.length
  }

  clear() {
    this.#waiting = []
  }
}

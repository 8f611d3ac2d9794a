/**
 * A set for members that come and go within milliseconds, such as requests in flight. A `Set` makes a new table whenever the
 * old one is full of deleted members. A dead table in V8's old generation keeps alive whatever it references until the next
 * full collection: with 50 requests in flight, nearly every one of them for seconds.
 */
export class Slots<T extends object> implements Iterable<T> {
  readonly #items: (T | undefined)[] = []
  readonly #free: number[] = []

  /** @returns a function that removes the item */
  add(item: T): () => void {
    const slot = this.#free.pop() ?? this.#items.length
    this.#items[slot] = item
    let isIn = true
    return () => {
      if (!isIn) return
      isIn = false
      this.#items[slot] = undefined
      this.#free.push(slot)
    }
  }

  get size(): number {
    return this.#items.length - this.#free.length
  }

  /** In no particular order. */
  *[Symbol.iterator](): Generator<T, void> {
    for (const item of this.#items) if (item !== undefined) yield item
  }
}

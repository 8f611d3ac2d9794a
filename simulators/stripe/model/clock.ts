/**
 * The simulator's time: real time plus what was advanced, or a time that stands still until it is advanced.
 * While due work runs it stands at that work's time.
 */
export class Clock {
  readonly #isFrozen: boolean
  #offsetMs = 0
  #stopped: number | null = null
  #pinned: number | null = null

  constructor(isFrozen = false) {
    this.#isFrozen = isFrozen
    this.setOffset(0)
  }

  /** Unix seconds. */
  now(): number {
    return this.#pinned ?? this.#stopped ?? Math.floor((Date.now() + this.#offsetMs) / 1000)
  }

  get offsetMs(): number {
    return this.#offsetMs
  }

  /** Makes it be `seconds` now. */
  set(seconds: number) {
    this.setOffset(seconds * 1000 - Date.now())
    if (this.#isFrozen) this.#stopped = seconds
  }

  /** Moves it on by whole seconds, which begin when they began before. */
  forward(seconds: number) {
    if (this.#stopped === null) this.#offsetMs += seconds * 1000
    else this.set(this.#stopped + seconds)
  }

  /** Makes it run that much ahead of real time. */
  setOffset(offsetMs: number) {
    this.#offsetMs = offsetMs
    this.#stopped = this.#isFrozen ? Math.floor((Date.now() + offsetMs) / 1000) : null
  }

  /** Does work at a time of its own. */
  at<T>(seconds: number, work: () => T): T {
    const before = this.#pinned
    this.#pinned = seconds
    try {
      return work()
    } finally {
      this.#pinned = before
    }
  }
}

import type { WireEvent } from "../model/events.ts"
import { type Delivery, DeliveryLog } from "./log.ts"
import { isAccepted, send, type Target } from "./send.ts"
import { type DeliveryOptions, DeliverySettings, randomOf, shuffled } from "./settings.ts"

/** Within this time events overtake each other when they come in any order. */
const SHUFFLE_MS = 40

/** Nobody is there to be tried again. */
const GONE = 410

export type Release = { shuffle?: boolean; duplicates?: number; drop?: number }

type Parcel = { event: WireEvent; endpoint: string; attempt: number }

/** Brings events to receivers: in order one by one, unless it is told to be as unreliable as a network. */
export class WebhookSender {
  readonly log = new DeliveryLog()
  readonly #targetOf: (endpoint: string) => Target | undefined
  readonly #onDelivery: () => void
  #settings = DeliverySettings.parse({})
  #random = randomOf()
  #ready: Parcel[] = []
  #held: Parcel[] = []
  #open = new Set<Parcel>()
  #sending = 0
  #timers = new Set<NodeJS.Timeout>()
  #waiters: Array<() => void> = []
  #closing = new AbortController()

  /** `onDelivery` is told of every try. */
  constructor(targetOf: (endpoint: string) => Target | undefined, onDelivery: () => void) {
    this.#targetOf = targetOf
    this.#onDelivery = onDelivery
  }

  /** Changes how events are delivered from now on; what isn't given is as at the start. */
  configure(options: DeliveryOptions) {
    this.#settings = DeliverySettings.parse(options)
    this.#random = randomOf(this.#settings.seed)
    if (this.#settings.mode === "live") this.#releaseNow({})
  }

  get held(): WireEvent[] {
    return this.#held.map(({ event }) => event)
  }

  /** What hasn't arrived yet, to be taken up again after a restart. */
  get waiting(): Array<{ event: string; endpoint: string }> {
    return [...this.#held, ...this.#open].map(({ event, endpoint }) => ({ event: event.id, endpoint }))
  }

  /** Takes an event for a receiver. */
  accept(event: WireEvent, endpoint: string) {
    const parcel = { event, endpoint, attempt: 1 }
    if (this.#settings.mode === "held") {
      this.#held.push(parcel)
      return
    }
    for (const each of this.#copies([parcel], this.#settings)) this.#later(each, this.#pause())
  }

  /** Delivers what is held. Resolves when nothing is in flight any more. */
  release(options: Release = {}): Promise<void> {
    this.#releaseNow(options)
    return this.settled()
  }

  /** Delivers an event once more, whatever the mode. */
  async deliver(event: WireEvent, endpoint: string): Promise<Delivery> {
    return this.#send({ event, endpoint, attempt: 1 })
  }

  /** Resolves when nothing waits to be delivered or to be tried again. What is held doesn't count. */
  settled(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  /** Forgets everything and delivers as at the start. What is in flight is cut off. */
  reset() {
    this.close()
    this.#closing = new AbortController()
    this.log.clear()
    this.configure({})
  }

  close() {
    this.#closing.abort()
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    this.#open.clear()
    this.#ready = []
    this.#held = []
    this.#wakeIfIdle()
  }

  #releaseNow({ shuffle = false, duplicates = 0, drop = 0 }: Release) {
    const parcels = this.#copies(this.#held.splice(0), { drop, duplicate: duplicates })
    for (const parcel of shuffle ? shuffled(parcels, this.#random) : parcels)
      this.#later(parcel, this.#pause())
  }

  #copies(parcels: Parcel[], { drop, duplicate }: { drop: number; duplicate: number }): Parcel[] {
    return parcels
      .filter(() => drop === 0 || this.#random() >= drop)
      .flatMap((parcel) => Array.from({ length: duplicate + 1 }, () => ({ ...parcel })))
  }

  #pause(): number {
    const { delayMs, shuffle } = this.#settings
    const [least, most] = Array.isArray(delayMs) ? delayMs : [delayMs, delayMs]
    const pauseMs = least + this.#random() * (most - least)
    return shuffle ? pauseMs + this.#random() * SHUFFLE_MS : pauseMs
  }

  #later(parcel: Parcel, pauseMs: number) {
    this.#open.add(parcel)
    if (pauseMs === 0) return this.#push(parcel)
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#push(parcel)
    }, pauseMs)
    this.#timers.add(timer)
  }

  #push(parcel: Parcel) {
    this.#ready.push(parcel)
    this.#pump()
  }

  #pump() {
    while (this.#sending < this.#settings.concurrency) {
      const parcel = this.#ready.shift()
      if (!parcel) return
      void this.#attempt(parcel)
    }
  }

  async #attempt(parcel: Parcel) {
    this.#sending += 1
    const sent = await this.#send(parcel)
    this.#sending -= 1
    this.#open.delete(parcel)
    const pauseMs = this.#settings.retryDelaysMs[parcel.attempt - 1]
    if (!isAccepted(sent) && pauseMs !== undefined && sent.status !== GONE && !sent.cutOff) {
      this.#later({ ...parcel, attempt: parcel.attempt + 1 }, Math.max(1, pauseMs))
    }
    this.#pump()
    this.#wakeIfIdle()
  }

  async #send({ event, endpoint, attempt }: Parcel): Promise<Delivery & { cutOff: boolean }> {
    const target = this.#targetOf(endpoint)
    const closing = this.#closing.signal
    const sent = target
      ? await send(event, target, this.#settings.timeoutMs, closing)
      : { status: GONE, error: "The endpoint was deleted" }
    const delivery = { ...sent, event: event.id, type: event.type, endpoint, attempt, at: Date.now() }
    if (!closing.aborted) this.log.add(delivery)
    this.#onDelivery()
    return { ...delivery, cutOff: closing.aborted }
  }

  #isIdle(): boolean {
    return this.#ready.length === 0 && this.#timers.size === 0 && this.#sending === 0
  }

  #wakeIfIdle() {
    if (!this.#isIdle()) return
    for (const wake of this.#waiters.splice(0)) wake()
  }
}

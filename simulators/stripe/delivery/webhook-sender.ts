import { setTimeout as pause } from "node:timers/promises"
import { RecentLog } from "../../shared/recent.ts"
import type { WireEvent } from "../model/events.ts"
import { type Delivery, isAccepted, send, type Target } from "./send.ts"
import { type DeliveryOptions, DeliverySettings, randomOf, shuffled } from "./settings.ts"

/** Within this time events overtake each other when they come in any order. */
const SHUFFLE_MS = 40

/** The receiver is gone: trying again is useless. */
const GONE = 410

export type Release = { shuffle?: boolean; duplicates?: number; drop?: number }

type Pending = { event: WireEvent; endpoint: string }

/** Delivers events to receivers: in order, one by one, unless configured to be as unreliable as a network. */
export class WebhookSender {
  readonly log = new RecentLog<Delivery>()
  readonly #targetOf: (endpoint: string) => Target | undefined
  readonly #onDelivery: () => void
  readonly #watchers = new Set<(delivery: Delivery) => void>()
  #settings = DeliverySettings.parse({})
  #random = randomOf()
  #held: Pending[] = []
  /** What waits or is in flight, with the promise of its end. */
  #open = new Map<Pending, Promise<void>>()
  #turns: Array<() => void> = []
  #sending = 0
  #closing = new AbortController()

  /** `onDelivery` is called after every attempt. */
  constructor(targetOf: (endpoint: string) => Target | undefined, onDelivery: () => void) {
    this.#targetOf = targetOf
    this.#onDelivery = onDelivery
  }

  /** Changes how events are delivered from now on; what isn't given is as at the start. */
  configure(options: DeliveryOptions) {
    this.#settings = DeliverySettings.parse(options)
    this.#random = randomOf(this.#settings.seed)
    if (this.#settings.mode === "live") this.#releaseHeld({})
    this.#giveTurns()
  }

  get held(): WireEvent[] {
    return this.#held.map(({ event }) => event)
  }

  /** What hasn't arrived yet, to be delivered after a restart. */
  get waiting(): Array<{ event: string; endpoint: string }> {
    return [...this.#held, ...this.#open.keys()].map(({ event, endpoint }) => ({ event: event.id, endpoint }))
  }

  /** Takes an event for a receiver. */
  accept(event: WireEvent, endpoint: string) {
    if (this.#settings.mode === "held") this.#held.push({ event, endpoint })
    else this.#start([{ event, endpoint }], this.#settings)
  }

  /** Delivers what is held. Resolves when nothing is in flight any more. */
  release(options: Release = {}): Promise<void> {
    this.#releaseHeld(options)
    return this.settled()
  }

  /** Delivers an event at once, whatever the mode. */
  async deliver(event: WireEvent, endpoint: string, attempt = 1): Promise<Delivery> {
    const closing = this.#closing.signal
    const target = this.#targetOf(endpoint)
    const sent = target
      ? await send(event, target, this.#settings.timeoutMs, closing)
      : { status: GONE, error: "The endpoint was deleted" }
    const delivery = { ...sent, event: event.id, type: event.type, endpoint, attempt, at: Date.now() }
    if (!closing.aborted) {
      this.log.add(delivery)
      for (const watch of this.#watchers) watch(delivery)
    }
    this.#onDelivery()
    return delivery
  }

  /** Resolves when a receiver has accepted this event, at the latest after `limitMs`. */
  async arrival(event: string, limitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const watch = (delivery: Delivery) => {
      if (delivery.event === event && isAccepted(delivery)) resolve()
    }
    this.log.all.forEach(watch)
    this.#watchers.add(watch)
    const timer = setTimeout(resolve, limitMs)
    await promise
    clearTimeout(timer)
    this.#watchers.delete(watch)
  }

  /** Resolves when nothing waits to be delivered or to be tried again. What is held doesn't count. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open.values())
  }

  /** Drops everything and delivers as at the start. What is in flight is cut off. */
  reset() {
    this.close()
    this.#closing = new AbortController()
    this.log.clear()
    this.configure({})
  }

  close() {
    this.#closing.abort()
    this.#open.clear()
    this.#held = []
  }

  #releaseHeld({ shuffle = false, duplicates: duplicate = 0, drop = 0 }: Release) {
    const held = this.#held.splice(0)
    this.#start(held, { drop, duplicate }, (copies) => (shuffle ? shuffled(copies, this.#random) : copies))
  }

  #start(
    pending: Pending[],
    { drop, duplicate }: { drop: number; duplicate: number },
    order = (copies: Pending[]) => copies,
  ) {
    const copies = pending
      .filter(() => drop === 0 || this.#random() >= drop)
      .flatMap((one) => Array.from({ length: duplicate + 1 }, () => ({ ...one })))
    for (const copy of order(copies)) {
      const end = this.#deliverUntilAccepted(copy, this.#pauseMs()).finally(() => this.#open.delete(copy))
      this.#open.set(copy, end)
    }
  }

  #pauseMs(): number {
    const { delayMs, shuffle } = this.#settings
    const [least, most] = Array.isArray(delayMs) ? delayMs : [delayMs, delayMs]
    const pauseMs = least + this.#random() * (most - least)
    return shuffle ? pauseMs + this.#random() * SHUFFLE_MS : pauseMs
  }

  async #deliverUntilAccepted({ event, endpoint }: Pending, firstPauseMs: number) {
    const closing = this.#closing.signal
    let pauseMs: number | undefined = firstPauseMs
    for (let attempt = 1; pauseMs !== undefined; attempt++) {
      if (pauseMs > 0) await pause(pauseMs, undefined, { signal: closing }).catch(() => undefined)
      await this.#turn()
      const sent = closing.aborted ? undefined : await this.deliver(event, endpoint, attempt)
      this.#sending -= 1
      this.#giveTurns()
      if (!sent || closing.aborted || isAccepted(sent) || sent.status === GONE) return
      pauseMs = this.#settings.retryDelaysMs[attempt - 1]
    }
  }

  /** Resolves when fewer than `concurrency` are in flight. */
  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#turns.push(resolve)
      this.#giveTurns()
    })
  }

  #giveTurns() {
    while (this.#sending < this.#settings.concurrency) {
      const next = this.#turns.shift()
      if (!next) return
      this.#sending += 1
      next()
    }
  }
}

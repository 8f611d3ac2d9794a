import type Stripe from "stripe"
import { Clock } from "./clock.ts"
import { copyOf, EventLog, type NewEvent, type WireEvent } from "./events.ts"
import { type Due, ScheduledTasks } from "./scheduled-tasks.ts"
import { DEFAULT_SETTINGS, type Settings } from "./settings.ts"
import { type Kind, type Kinds, Store, type StoredObjects } from "./store.ts"

type Held = Omit<NewEvent, "created" | "livemode" | "request">

/** What a account is made from again after a restart. */
export type AccountDump = {
  objects: StoredObjects
  events: WireEvent[]
  tasks: Due[]
  settings: Settings
  offsetMs: number
}

/** One simulated Stripe account in memory: its objects, its events, its time and what lies ahead. */
export class Account {
  readonly store = new Store()
  readonly clock: Clock
  readonly tasks = new ScheduledTasks()
  readonly events = new EventLog()
  settings: Settings = { ...DEFAULT_SETTINGS }
  /** Where the pages of this simulator are. */
  baseUrl = "http://stripe.invalid"
  /** The API request that is being served; events tell it. */
  request: Stripe.Event.Request | null = null
  /** Told of every event, in order. */
  onEvent: (event: WireEvent) => void = () => {}
  #gathered: Held[] | null = null

  constructor(clock = new Clock()) {
    this.clock = clock
  }

  now(): number {
    return this.clock.now()
  }

  /** Adds a new object, with the event that reports it. */
  create<K extends Kind>(kind: K, object: Kinds[K], type: string): Kinds[K] {
    this.emit(type, this.store.add(kind, object))
    return object
  }

  /** Records that something happened to an object, with the object as it is at this moment. */
  emit(type: string, object: object, previous?: object) {
    const held = { type, object: copyOf(object), previous: copyOf(previous) } as Held
    if (this.#gathered) this.#gathered.push(held)
    else this.#record(held)
  }

  /**
   * Does work whose events come in an order of their own: those of the listed types (separated by spaces) as listed, any others
   * after them as they happened.
   */
  inOrder<T>(types: string, work: () => T): T {
    if (this.#gathered) return work()
    const gathered: Held[] = []
    this.#gathered = gathered
    try {
      return work()
    } finally {
      this.#gathered = null
      for (const held of sorted(gathered, types.split(/\s+/))) this.#record(held)
    }
  }

  dump(): AccountDump {
    return {
      objects: this.store.dump(),
      events: this.events.all(),
      tasks: this.tasks.dump(),
      settings: this.settings,
      offsetMs: this.clock.offsetMs,
    }
  }

  load(dump: AccountDump) {
    this.store.load(dump.objects)
    this.events.load(dump.events)
    this.tasks.load(dump.tasks)
    this.settings = { ...DEFAULT_SETTINGS, ...dump.settings }
    this.clock.setOffset(dump.offsetMs)
  }

  /** Drops everything but the listener. */
  clear() {
    this.load({ objects: {}, events: [], tasks: [], settings: DEFAULT_SETTINGS, offsetMs: 0 })
  }

  #record(held: Held) {
    const { livemode } = this.settings
    this.onEvent(this.events.add({ ...held, created: this.now(), livemode, request: this.request }))
  }
}

function sorted(gathered: Held[], types: readonly string[]): Held[] {
  const place = ({ type }: Held) => (types.includes(type) ? types.indexOf(type) : types.length)
  return gathered.toSorted((a, b) => place(a) - place(b))
}

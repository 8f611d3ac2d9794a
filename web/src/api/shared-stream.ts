import { BEAT_MS, watchHolder } from "./holder-watch.ts"
import { onUse, onWake } from "./page-life.ts"
import { inSlot } from "./stream-slots.ts"

/** An event of a stream, with the id to resume after. */
interface Resumable {
  event: string
  id: string | undefined
}

/**
 * `live`: events arrive. `away`: the service can't be reached, which is tried again and again. `waiting`: other windows have
 * all places, until this one is used. `evicted`: the service has ended the stream in favour of a newer one of this user; it is
 * opened again when a person uses this browser.
 */
export type StreamState = "live" | "away" | "waiting" | "evicted"

/** Failures in a row, within a second or two, after which it isn't a short break any more. */
const AWAY_AFTER = 4

export interface SharedStream<E extends Resumable, S> {
  /** The same in every tab that wants this stream. */
  name: string
  /** Whether it needs one of the few places for streams of rooms. */
  isBounded?: boolean
  /** Opens the stream after the event with this id; without an id, at the present. `onFailures`: as of `FollowOptions`. */
  open(
    lastEventId: string | undefined,
    signal: AbortSignal,
    onFailures: (count: number) => void,
  ): AsyncIterable<E>
  /** Takes an event, whichever tab has received it. `isFirst`: it was this one, so that of all tabs one can act. */
  onEvent(event: E, isFirst: boolean): void
  /** What a tab that comes later needs beside the events that follow. */
  snapshot(): S
  onSnapshot(state: S): void
  /** Called when events begin to arrive, again after each time the tab was out of sight: what was missed is to be loaded. */
  onJoin(): void
  onState?(state: StreamState): void
  onError(error: unknown): void
}

type Said<E, S> =
  | { kind: "event"; event: E }
  | { kind: "hello" }
  | { kind: "snapshot"; snapshot: S; lastEventId: string | undefined; state: StreamState }
  | { kind: "state"; state: StreamState }
  | { kind: "used" }
  | { kind: "alive" }

/** A tab out of sight lets go of its streams after this time: a browser has few connections for one server. */
const HIDDEN_MS = 20_000

/** How each stream that this tab follows is let go of, and joined again. */
const followed = new Set<{ leave(): void; joinAgain(): void }>()

/**
 * Runs what ends the session at the service, without this tab's streams: they would ask once more in its name. Joins them
 * again if `work` fails.
 */
export async function withoutStreams(work: () => Promise<unknown>): Promise<void> {
  for (const { leave } of followed) leave()
  try {
    await work()
  } catch (error) {
    for (const { joinAgain } of followed) joinAgain()
    throw error
  }
}

/**
 * Follows a stream that all tabs share: one tab, the holder of a Web Lock, has it open and passes its events on. When
 * that tab goes or freezes, the next in line continues after the last event.
 * @returns ends it
 */
export function followShared<E extends Resumable, S>(stream: SharedStream<E, S>): () => void {
  let joined = join(stream, undefined)
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastEventId: string | undefined
  const leave = () => {
    clearTimeout(timer)
    lastEventId = joined?.leave() ?? lastEventId
    joined = null
  }
  const onVisibility = () => {
    clearTimeout(timer)
    if (document.hidden) timer = setTimeout(leave, HIDDEN_MS)
    else joined ??= join(stream, lastEventId)
  }
  const one = { leave, joinAgain: onVisibility }
  followed.add(one)
  document.addEventListener("visibilitychange", onVisibility)
  document.addEventListener("freeze", leave)
  document.addEventListener("resume", onVisibility)
  return () => {
    followed.delete(one)
    document.removeEventListener("visibilitychange", onVisibility)
    document.removeEventListener("freeze", leave)
    document.removeEventListener("resume", onVisibility)
    leave()
  }
}

type Joined = { leave(): string | undefined } | null

function join<E extends Resumable, S>(stream: SharedStream<E, S>, from: string | undefined): Joined {
  const ending = new AbortController()
  const channel = new BroadcastChannel(stream.name)
  const uses = new EventTarget()
  let lastEventId = from
  let state: StreamState = "live"
  let isHolder = false
  let queueing = new AbortController()

  const holder = watchHolder({ isNeeded: () => !isHolder, onSilence: () => void queue({ steal: true }) })
  const say = (said: Said<E, S>) => {
    if (!ending.signal.aborted) channel.postMessage(said)
  }

  function setState(to: StreamState): void {
    if (to === state) return
    state = to
    stream.onState?.(to)
    if (isHolder) say({ kind: "state", state })
  }

  function take(event: E): void {
    lastEventId = event.id ?? lastEventId
    stream.onEvent(event, isHolder)
  }

  channel.onmessage = ({ data }: MessageEvent<Said<E, S>>) => {
    holder.heard()
    if (data.kind === "hello") {
      if (isHolder) say({ kind: "snapshot", snapshot: stream.snapshot(), lastEventId, state })
    } else if (data.kind === "used") uses.dispatchEvent(new Event("use"))
    else if (isHolder) return
    else if (data.kind === "event") take(data.event)
    else if (data.kind === "state") setState(data.state)
    else if (data.kind === "snapshot") {
      lastEventId = data.lastEventId
      stream.onSnapshot(data.snapshot)
      setState(data.state)
    }
  }

  /** Comes up to date: what happened before is asked of the service, what is being made of the tab that holds the stream. */
  function arrive(): void {
    say({ kind: "hello" })
    stream.onJoin()
  }

  /** Waits for the lock, or takes it from a tab that gives no sign of life, and holds it as long as there are events. */
  async function queue(options: LockOptions = {}): Promise<void> {
    queueing.abort()
    queueing = new AbortController()
    const { signal } = queueing
    const robbed = new AbortController()
    const holding = AbortSignal.any([ending.signal, robbed.signal])
    const waiting = options.steal ? options : { signal: AbortSignal.any([ending.signal, signal]) }
    try {
      await navigator.locks.request(stream.name, waiting, () => hold(holding))
      holder.stop()
    } catch (error) {
      if (ending.signal.aborted || signal.aborted) return
      const isRobbed = error instanceof DOMException && error.name === "AbortError"
      if (!isRobbed) return end(error)
      robbed.abort()
      arrive()
      await queue()
    }
  }

  function end(error: unknown): void {
    holder.stop()
    stream.onError(error)
  }

  async function hold(signal: AbortSignal): Promise<void> {
    isHolder = true
    const beat = setInterval(() => say({ kind: "alive" }), BEAT_MS)
    try {
      while (!signal.aborted) {
        if (state === "evicted") await nextUse(uses, signal).then(() => signal.aborted || setState("live"))
        else if ((await readInPlace(signal)) !== "evicted") return
        else setState("evicted")
      }
    } finally {
      clearInterval(beat)
      isHolder = false
    }
  }

  function readInPlace(signal: AbortSignal): Promise<"evicted" | "ended" | null> {
    if (!stream.isBounded) return read(signal)
    return inSlot(read, { signal, uses, onWaiting: () => setState("waiting") })
  }

  async function read(signal: AbortSignal): Promise<"evicted" | "ended"> {
    setState("live")
    for (;;) {
      const again = new AbortController()
      const stop = onWake(() => again.abort())
      try {
        const opened = stream.open(lastEventId, AbortSignal.any([signal, again.signal]), (count) =>
          setState(count < AWAY_AFTER ? "live" : "away"),
        )
        for await (const event of opened) {
          if (event.event === "evicted") return "evicted"
          take(event)
          say({ kind: "event", event })
        }
      } finally {
        stop()
      }
      if (signal.aborted || !again.signal.aborted) return "ended"
    }
  }

  const unlisten = onUse(() => {
    uses.dispatchEvent(new Event("use"))
    if (!isHolder && state !== "live") say({ kind: "used" })
  })
  arrive()
  void queue()
  return {
    leave() {
      holder.stop()
      unlisten()
      ending.abort()
      channel.close()
      return lastEventId
    },
  }
}

function nextUse(uses: EventTarget, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    uses.addEventListener("use", () => resolve(), { once: true, signal })
    signal.addEventListener("abort", () => resolve(), { once: true })
  })
}

/** An event of a stream, with the id to resume after. */
interface Resumable {
  id: string | undefined
}

export interface SharedStream<E extends Resumable, S> {
  /** The same in every tab that wants this stream. */
  name: string
  /** Opens the stream after the event with this id; without an id, at the present. */
  open(lastEventId: string | undefined, signal: AbortSignal): AsyncIterable<E>
  /** Takes an event, whichever tab has received it. */
  onEvent(event: E): void
  /** What a tab that comes later needs beside the events that follow. */
  snapshot(): S
  onSnapshot(state: S): void
  /** Called when events begin to arrive, again after each time the tab was out of sight: what was missed is to be loaded. */
  onJoin(): void
  onError(error: unknown): void
}

type Said<E, S> =
  | { kind: "event"; event: E }
  | { kind: "hello" }
  | { kind: "snapshot"; state: S; lastEventId: string | undefined }

/** A tab out of sight lets go of its streams after this time: a browser has few connections for one server. */
const HIDDEN_MS = 20_000

/**
 * Follows a stream that all tabs share: one tab, the holder of a Web Lock, has it open and passes its events on. When
 * that tab goes, the next in line continues after the last event.
 * @returns ends it
 */
export function followShared<E extends Resumable, S>(stream: SharedStream<E, S>): () => void {
  let joined = join(stream, undefined)
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastEventId: string | undefined
  const onVisibility = () => {
    clearTimeout(timer)
    if (document.hidden) {
      timer = setTimeout(() => {
        lastEventId = joined?.leave()
        joined = null
      }, HIDDEN_MS)
    } else joined ??= join(stream, lastEventId)
  }
  document.addEventListener("visibilitychange", onVisibility)
  return () => {
    clearTimeout(timer)
    document.removeEventListener("visibilitychange", onVisibility)
    joined?.leave()
  }
}

type Joined = { leave(): string | undefined } | null

function join<E extends Resumable, S>(stream: SharedStream<E, S>, from: string | undefined): Joined {
  const ending = new AbortController()
  const channel = new BroadcastChannel(stream.name)
  const say = (said: Said<E, S>) => channel.postMessage(said)
  let lastEventId = from
  let isHolder = false
  const take = (event: E) => {
    lastEventId = event.id ?? lastEventId
    stream.onEvent(event)
  }
  channel.onmessage = ({ data }: MessageEvent<Said<E, S>>) => {
    if (data.kind === "hello") {
      if (isHolder) say({ kind: "snapshot", state: stream.snapshot(), lastEventId })
    } else if (isHolder) return
    else if (data.kind === "event") take(data.event)
    else {
      lastEventId = data.lastEventId
      stream.onSnapshot(data.state)
    }
  }
  const hold = async () => {
    isHolder = true
    for await (const event of stream.open(lastEventId, ending.signal)) {
      take(event)
      say({ kind: "event", event })
    }
  }
  say({ kind: "hello" })
  stream.onJoin()
  navigator.locks.request(stream.name, { signal: ending.signal }, hold).catch((error: unknown) => {
    if (!ending.signal.aborted) stream.onError(error)
  })
  return {
    leave() {
      ending.abort()
      channel.close()
      return lastEventId
    },
  }
}

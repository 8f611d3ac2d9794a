import { ApiError } from "./error.ts"
import { readEvents } from "./sse.ts"
import { backoffMs, pause } from "./wait.ts"

/** An event by its name, with its data and the id to resume after. */
export type StreamEvent<Events> = {
  [Name in keyof Events]: { event: Name; data: Events[Name]; id: string | undefined }
}[keyof Events]

export interface FollowOptions {
  /** Go on right after this event. */
  lastEventId?: string
  /** Ends the iteration without an error. */
  signal?: AbortSignal
  /**
   * At the user's limit of streams a newer one ends this one. By default it is opened again after a while, in which
   * another may be ended; true yields `evicted` instead, and ends the iteration.
   */
  endWhenEvicted?: boolean
  /** Called when the stream has been opened, with 0, and when that fails or it breaks off: how often in a row. */
  onFailures?(count: number): void
}

export interface Follow extends FollowOptions {
  /** Opens the stream, after the event with this id. */
  open(lastEventId: string | undefined, signal: AbortSignal): Promise<Response>
  /** After this event nothing more comes. */
  lastEvent?: string
  firstWaitMs: number
}

/** The service's word that a newer stream has taken the place of this one. */
const EVICTED = "evicted"

/** A comment comes every 15 s; a connection that is silent for longer is dead. */
const SILENCE_MS = 45_000

/**
 * The events of a stream, whatever happens to the connection: a stream that breaks off is opened again after the last
 * event that came, at longer and longer intervals while that fails.
 * @throws {ApiError} when the service refuses for good
 */
export async function* follow<Events>({
  open,
  lastEvent,
  lastEventId,
  signal,
  endWhenEvicted = false,
  onFailures,
  firstWaitMs,
}: Follow): AsyncGenerator<StreamEvent<Events>> {
  let failures = 0
  while (!signal?.aborted) {
    const attempt = createAttempt(signal)
    let retryAfterMs = 0
    try {
      const response = await open(lastEventId, attempt.signal)
      if (!response.ok) throw await ApiError.from(response)
      onFailures?.(0)
      const raw = readEvents(watched(response, attempt.heard), (ms) => {
        retryAfterMs = ms
      })
      for await (const { event, data, id } of raw) {
        failures = 0
        lastEventId = id || lastEventId
        if (event === EVICTED && !endWhenEvicted) continue
        yield { event, data: JSON.parse(data), id } as StreamEvent<Events>
        if (event === lastEvent || event === EVICTED) return
      }
    } catch (error) {
      if (signal?.aborted) return
      if (!isPassing(error)) throw error
      retryAfterMs = error instanceof ApiError ? error.retryAfterMs : 0
    } finally {
      attempt.end()
    }
    const waitMs = Math.max(backoffMs(failures, firstWaitMs), retryAfterMs)
    failures += 1
    onFailures?.(failures)
    await pause(waitMs, signal)
  }
}

/** Whether trying again may help: an overloaded service, or a failed connection, for which `fetch` throws a TypeError. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ApiError) return error.status === 429 || error.status >= 500
  return error instanceof TypeError || (error instanceof Error && error.name === "AbortError")
}

/** One connection: ends with the caller's signal, or when nothing arrives for too long. */
function createAttempt(outer: AbortSignal | undefined) {
  const controller = new AbortController()
  const abort = () => controller.abort()
  outer?.addEventListener("abort", abort, { once: true })
  let timer = setTimeout(abort, SILENCE_MS)
  return {
    signal: controller.signal,
    heard() {
      clearTimeout(timer)
      timer = setTimeout(abort, SILENCE_MS)
    },
    end() {
      clearTimeout(timer)
      outer?.removeEventListener("abort", abort)
      controller.abort()
    },
  }
}

function watched({ body }: Response, heard: () => void): ReadableStream<Uint8Array> {
  const watch = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      heard()
      controller.enqueue(chunk)
    },
  })
  return (body as ReadableStream<Uint8Array>).pipeThrough(watch)
}

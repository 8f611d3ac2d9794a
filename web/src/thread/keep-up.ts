import { effect, type ReadonlySignal, untracked } from "@preact/signals"
import type { StreamState } from "../api/shared-stream.ts"
import { findRoom } from "../rooms/rooms.ts"

const LOOK_MS = 2_000

/** The estimate of a long wait doesn't change often. */
const LONGEST_LOOK_MS = 20_000

interface Followed {
  roomId: string
  stream: ReadonlySignal<StreamState>
  /** The newest reply of the branch that isn't final. */
  growing: ReadonlySignal<string | null>
  /** Whether nothing of that reply's text is there. */
  isWaiting: ReadonlySignal<boolean>
  /** Whether the thread has this word of the room already. */
  knows(room: object): boolean
  load(): Promise<void>
  look(messageId: string): Promise<void>
}

/**
 * Keeps up to date what a stream doesn't tell: how long a queued reply is going to wait, also one that had been begun. A
 * conversation that has no stream of its own for now is loaded whenever the stream of the list tells of the room, and its
 * reply in the making is looked at again and again. @returns ends it
 */
export function keepUp({ roomId, stream, growing, isWaiting, knows, load, look }: Followed): () => void {
  const isAlone = () => !["live", "away"].includes(stream.value)
  const endLoading = effect(() => {
    const room = findRoom(roomId)
    if (isAlone() && room && !knows(room)) void untracked(load)
  })
  const endLooking = effect(() => {
    const id = growing.value
    const isSeldom = !isAlone()
    if (id === null || (isSeldom && !isWaiting.value)) return
    let pauseMs = LOOK_MS
    let timer: ReturnType<typeof setTimeout> | undefined
    let isEnded = false
    const next = () => {
      if (isEnded) return
      timer = setTimeout(() => void look(id).then(next, next), pauseMs)
      if (isSeldom) pauseMs = Math.min(2 * pauseMs, LONGEST_LOOK_MS)
    }
    next()
    return () => {
      isEnded = true
      clearTimeout(timer)
    }
  })
  return () => {
    endLoading()
    endLooking()
  }
}

import { effect, type ReadonlySignal, untracked } from "@preact/signals"
import type { StreamState } from "../api/shared-stream.ts"
import { findRoom } from "../rooms/rooms.ts"

const LOOK_MS = 2_000

interface Followed {
  roomId: string
  stream: ReadonlySignal<StreamState>
  /** The newest reply of the branch that isn't final. */
  growing: ReadonlySignal<string | null>
  /** Whether the thread has this word of the room already. */
  knows(room: object): boolean
  load(): Promise<void>
  look(messageId: string): Promise<void>
}

/**
 * Keeps a conversation up to date that has no stream of its own for now: it is loaded whenever the stream of the list tells
 * of the room, and a reply in the making is looked at again and again. @returns ends it
 */
export function keepUp({ roomId, stream, growing, knows, load, look }: Followed): () => void {
  const isAlone = () => stream.value !== "live"
  const endLoading = effect(() => {
    const room = findRoom(roomId)
    if (isAlone() && room && !knows(room)) void untracked(load)
  })
  const endLooking = effect(() => {
    const id = growing.value
    if (!isAlone() || id === null) return
    let timer: ReturnType<typeof setTimeout>
    const next = () => {
      timer = setTimeout(() => void look(id).then(next, next), LOOK_MS)
    }
    next()
    return () => clearTimeout(timer)
  })
  return () => {
    endLoading()
    endLooking()
  }
}

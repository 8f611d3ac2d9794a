import { signal } from "@preact/signals"

/** A key for each room, so that tabs don't overwrite what others have written. */
const PREFIX = "chat.leaving."

const keyOf = (id: string) => PREFIX + id

/** Rooms that are about to be deleted, which can still be undone: in this tab or another. */
export const leaving = signal<ReadonlySet<string>>(new Set())

/** How to let go of the rooms that this tab offers to undo. */
const holds = new Map<string, () => void>()

/** Takes a room out of sight in all tabs. While this one lives no other deletes it, until `endLeaving`. */
export function holdLeaving(id: string): void {
  setLeaving(id, true)
  const { promise, resolve } = Promise.withResolvers<void>()
  holds.set(id, resolve)
  void navigator.locks.request(keyOf(id), () => {
    // It may have been undone before.
    if (holds.get(id) !== resolve) return
    // Written under the lock: no tab finds it without a holder that is there.
    localStorage.setItem(keyOf(id), "")
    return promise
  })
}

/** The room is deleted, or back. */
export function endLeaving(id: string): void {
  localStorage.removeItem(keyOf(id))
  setLeaving(id, false)
  holds.get(id)?.()
  holds.delete(id)
}

/** Calls `finish` for every room whose tab was closed before it had deleted it. Others are their tabs' concern. */
export function finishLeaving(finish: (id: string) => Promise<void>): void {
  leaving.value = new Set(storedIds())
  for (const id of leaving.peek())
    void navigator.locks.request(keyOf(id), { ifAvailable: true }, async (lock) => {
      // Undone meanwhile, it is no longer there.
      if (lock && localStorage.getItem(keyOf(id)) !== null) await finish(id)
    })
}

const storedIds = () =>
  Object.keys(localStorage).flatMap((key) => (key.startsWith(PREFIX) ? key.slice(PREFIX.length) : []))

function setLeaving(id: string, isLeaving: boolean): void {
  const ids = new Set(leaving.peek())
  if (isLeaving) ids.add(id)
  else ids.delete(id)
  leaving.value = ids
}

/** Follows what other tabs take out of sight, and bring back. */
addEventListener("storage", ({ key, newValue }) => {
  if (key?.startsWith(PREFIX)) setLeaving(key.slice(PREFIX.length), newValue !== null)
})

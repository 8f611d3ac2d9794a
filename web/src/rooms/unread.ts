import { computed, effect, signal } from "@preact/signals"
import { type Chatroom, client } from "../api/client.ts"
import { place } from "../router.ts"
import { onSession } from "../state/session.ts"

const KEY = "chat.unread"

/** Rooms in which a reply has ended that nobody here has seen. Kept over reloads, and the same in all tabs. */
const unread = signal<ReadonlySet<string>>(read())

export const isUnread = (id: string) => unread.value.has(id)
export const unreadCount = computed(() => unread.value.size)

/**
 * Notes what an event about a room means: its newest reply has ended, or is being made. An event names the newest state
 * alone, so where a reply may have ended, that reply is asked for.
 */
export async function noteChange(before: Chatroom | undefined, room: Chatroom): Promise<void> {
  if (isLookedAt(room.id) || room.headId === null) return
  const isSaid = before?.lastMessageAt !== room.lastMessageAt
  const isRenamed = before?.name !== room.name || before.pinned !== room.pinned
  if (!isSaid && (isRenamed || before?.archivedAt !== room.archivedAt)) return
  const params = { id: room.id, messageId: room.headId }
  const head = await client.call("GET /chatroom/{id}/message/{messageId}", { params }).catch(() => null)
  if (head?.role !== "model" || head.completedAt === null || isLookedAt(room.id)) return
  write(new Set(unread.peek()).add(room.id))
}

function isLookedAt(id: string): boolean {
  const shown = place.peek()
  return shown.at === "room" && shown.id === id && !document.hidden
}

export function markRead(id: string): void {
  if (!unread.peek().has(id)) return
  const rest = new Set(unread.peek())
  rest.delete(id)
  write(rest)
}

function read(): Set<string> {
  try {
    return new Set(JSON.parse(localStorage.getItem(KEY) ?? "[]"))
  } catch {
    return new Set()
  }
}

function write(ids: ReadonlySet<string>): void {
  unread.value = ids
  localStorage.setItem(KEY, JSON.stringify([...ids]))
}

onSession(() => {
  const onStorage = ({ key }: StorageEvent) => {
    if (key !== KEY) return
    unread.value = read()
    look()
  }
  const look = () => {
    const { value } = place
    if (!document.hidden && value.at === "room") markRead(value.id)
  }
  const stop = effect(look)
  addEventListener("storage", onStorage)
  document.addEventListener("visibilitychange", look)
  return () => {
    stop()
    removeEventListener("storage", onStorage)
    document.removeEventListener("visibilitychange", look)
    unread.value = new Set()
  }
})

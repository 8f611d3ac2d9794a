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
 * Notes what an event about a room means: its newest reply has ended, or is being made. An event names the newest
 * state alone, so where a reply may have ended, that reply is asked for.
 */
export async function noteChange(before: Chatroom | undefined, room: Chatroom): Promise<void> {
  if (room.headId === null || isLookedAt(room.id)) return
  if (before ? before.lastMessageAt === room.lastMessageAt && !isSame(before, room) : !isFresh(room)) return
  const params = { id: room.id, messageId: room.headId }
  const head = await client.call("GET /chatroom/{id}/message/{messageId}", { params }).catch(() => null)
  if (head?.role !== "model" || head.completedAt === null || isLookedAt(room.id)) return
  write(new Set(unread.peek()).add(room.id))
}

/** What comes as a whole and is older, such as by an import, is nothing new. */
const FRESH_MS = 60_000
const isFresh = ({ lastMessageAt }: Chatroom) =>
  lastMessageAt !== null && Date.now() - Date.parse(lastMessageAt) < FRESH_MS

/** The end of a reply changes none of its room's fields; settings, names and branches are changed by people. */
function isSame({ updatedAt: _, ...before }: Chatroom, room: Chatroom): boolean {
  return Object.entries(before).every(([field, value]) => room[field as keyof Chatroom] === value)
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

/** Forgets the marks of rooms that are no longer in the list. */
export function keepUnreadOf(has: (id: string) => boolean): void {
  const kept = [...unread.peek()].filter(has)
  if (kept.length < unread.peek().size) write(new Set(kept))
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

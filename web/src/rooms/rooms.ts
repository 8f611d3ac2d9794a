import { batch, computed, signal } from "@preact/signals"
import { ApiError, type Chatroom, client } from "../api/client.ts"
import { followShared } from "../api/shared-stream.ts"
import { dropKept, keepList, readKeptList } from "../offline/kept-rooms.ts"
import { onSession } from "../state/session.ts"
import { forgetGone } from "./forget-gone.ts"
import { endLeaving, finishLeaving, holdLeaving, leaving } from "./leaving.ts"
import { keepUnreadOf, markRead, noteChange } from "./unread.ts"

type State = "loading" | "ready" | "failed"

/** The user's rooms by id: those of the list and, once asked for, archived ones. */
const known = signal<ReadonlyMap<string, Chatroom>>(new Map())

export const listState = signal<State>("loading")

/** The list as it is shown: pinned ones first, then by what was last said. */
export const rooms = computed(() => sorted((room) => room.archivedAt === null))
export const archivedRooms = computed(() => sorted((room) => room.archivedAt !== null))

export const findRoom = (id: string) => known.value.get(id)

function sorted(isWanted: (room: Chatroom) => boolean): Chatroom[] {
  return [...known.value.values()]
    .filter((room) => isWanted(room) && !leaving.value.has(room.id))
    .sort((a, b) => Number(b.pinned) - Number(a.pinned) || (activeAt(b) > activeAt(a) ? 1 : -1))
}

/** When something was last said, or when the room was made. */
export const activeAt = (room: Chatroom) => room.lastMessageAt ?? room.createdAt

/** What is learned of rooms while lists are under way, by list; null: the room is gone. */
const learned = new Set<Map<string, Chatroom | null>>()

function learn(id: string, room: Chatroom | null): void {
  for (const news of learned) news.set(id, room)
  known.value = changed(known.peek(), [[id, room]])
}

function changed(before: ReadonlyMap<string, Chatroom>, news: Iterable<[string, Chatroom | null]>) {
  const after = new Map(before)
  for (const [id, room] of news) {
    if (room) after.set(id, room)
    else after.delete(id)
  }
  return after
}

/** Takes over what the service says about a room. */
export const putRoom = (room: Chatroom) => learn(room.id, room)

const dropRoom = (id: string) => learn(id, null)

let begunLoads = 0
let newestLoad = 0

/** Loads the list; archived rooms, too, where they were loaded before. */
export async function loadRooms(): Promise<void> {
  const isFirst = listState.peek() === "loading"
  const load = ++begunLoads
  // The list may have been read before something that the stream tells meanwhile.
  const news = new Map<string, Chatroom | null>()
  learned.add(news)
  try {
    const listed = await allOf(false)
    const archived = isArchiveOpen.value ? await allOf(true) : archivedRooms.peek()
    if (load < newestLoad) return
    newestLoad = load
    batch(() => {
      known.value = changed(new Map([...listed, ...archived].map((room) => [room.id, room])), news)
      listState.value = "ready"
    })
    keepUnreadOf((id) => known.peek().has(id))
    void keepList([...known.peek().values()])
    if (isFirst) void forgetGone(findRoom)
  } catch {
    if (listState.peek() === "loading") await showKept()
  } finally {
    learned.delete(news)
  }
}

/** Without the service the list is that of the last visit. */
async function showKept(): Promise<void> {
  const kept = await readKeptList()
  if (listState.peek() !== "loading") return
  batch(() => {
    known.value = new Map(kept.map((room) => [room.id, room]))
    listState.value = kept.length > 0 ? "ready" : "failed"
  })
}

async function allOf(archived: boolean): Promise<Chatroom[]> {
  const query = archived ? { archived, limit: 100 } : { limit: 100 }
  return Array.fromAsync(client.list("GET /chatroom", { query }))
}

export const isArchiveOpen = signal(false)

export function toggleArchive(): void {
  isArchiveOpen.value = !isArchiveOpen.value
  if (isArchiveOpen.value) void loadRooms()
}

/** Changes a room here at once, and back where the service refuses. @throws what the service answers */
export async function changeRoom(
  room: Chatroom,
  change: { name?: string; pinned?: boolean; archived?: boolean; temporary?: boolean },
): Promise<void> {
  const { archived, ...fields } = change
  const archivedAt = archived === undefined ? room.archivedAt : archived ? new Date().toISOString() : null
  putRoom({ ...room, ...fields, archivedAt })
  try {
    putRoom(await client.call("PATCH /chatroom/{id}", { params: { id: room.id }, body: change }))
  } catch (error) {
    putRoom(room)
    throw error
  }
}

/** Takes a room out of sight. It is deleted by `confirmLeaving`, or comes back by `undoLeaving`. */
export const beginLeaving = holdLeaving

export const undoLeaving = endLeaving

export async function confirmLeaving(id: string): Promise<void> {
  await client.call("DELETE /chatroom/{id}", { params: { id } }).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 404)) throw error
  })
  dropRoom(id)
  void dropKept(id)
  endLeaving(id)
}

onSession(() => {
  listState.value = "loading"
  finishLeaving((id) => confirmLeaving(id).catch(() => undoLeaving(id)))
  const end = followShared({
    name: "chat.rooms",
    open: (lastEventId, signal) =>
      client.followRooms({ ...(lastEventId ? { lastEventId } : {}), signal, endWhenEvicted: true }),
    onEvent({ event, data }, isFirst) {
      if (event === "reset") void loadRooms()
      if (event === "chatroom") {
        // Marks are shared: one tab asks for all.
        if (isFirst) void noteChange(known.peek().get(data.id), data)
        putRoom(data)
        if (data.temporary) void dropKept(data.id)
      }
      if (event === "deleted") {
        dropRoom(data.id)
        markRead(data.id)
        void dropKept(data.id)
      }
    },
    snapshot: () => null,
    onSnapshot: () => undefined,
    onJoin: () => void loadRooms(),
    onError: () => undefined,
  })
  return () => {
    end()
    // What is under way is of the user who was here.
    newestLoad = ++begunLoads
    known.value = new Map()
    isArchiveOpen.value = false
  }
})

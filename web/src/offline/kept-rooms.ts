import type { Chatroom, Message } from "../api/client.ts"
import { dropDraft, roomsWithDrafts } from "../composer/drafts.ts"
import { done, inStores, type Stores } from "./database.ts"

/** What this browser keeps of a room that was read: enough to read it again without the service. */
export interface KeptRoom {
  room: Chatroom
  /** The newest of the shown branch, oldest first. */
  messages: Message[]
}

/** When each kept room was read, and its size: what to drop is decided without reading the rooms. */
type Sizes = Record<string, { readAt: number; size: number }>

const LIST = "rooms"
const SIZES = "sizes"

const MOST_ROOMS = 50
const MOST_MESSAGES = 50
/** In characters of JSON. A browser keeps them in one or two bytes. */
const MOST_SIZE = 10_000_000
const MOST_ROOM_SIZE = 1_000_000

/** Keeps a room for reading offline, in place of those that were read longest ago. A temporary one leaves no trace. */
export async function keepRoom({ room, messages }: KeptRoom): Promise<void> {
  if (room.temporary) return dropKept(room.id)
  const fitting = newestThatFit(messages)
  const size = sizeOf(room) + sizeOf(fitting)
  await inStores(async (stores) => {
    stores.rooms.put({ id: room.id, room, messages: fitting })
    const sizes = { ...(await readSizes(stores)), [room.id]: { readAt: Date.now(), size } }
    stores.list.put(makeSpace(stores, sizes), SIZES)
  })
}

function newestThatFit(messages: Message[]): Message[] {
  const newest = messages.slice(-MOST_MESSAGES)
  let size = 0
  const first = newest.findLastIndex((message) => {
    size += sizeOf(message)
    return size > MOST_ROOM_SIZE
  })
  return newest.slice(first + 1)
}

/** Drops what was read longest ago. @returns the sizes of what is left */
function makeSpace({ rooms }: Stores, sizes: Sizes): Sizes {
  const newestFirst = Object.entries(sizes).sort(([, a], [, b]) => b.readAt - a.readAt)
  let total = 0
  const kept = newestFirst.filter(([id, { size }], index) => {
    total += size
    if (index < MOST_ROOMS && total <= MOST_SIZE) return true
    rooms.delete(id)
    return false
  })
  return Object.fromEntries(kept)
}

const readSizes = async ({ list }: Stores): Promise<Sizes> =>
  (await done<Sizes | undefined>(list.get(SIZES))) ?? {}

/** A room as it was when it was read last; null where it isn't kept. */
export async function readKept(id: string): Promise<KeptRoom | null> {
  return (await inStores(({ rooms }) => done<KeptRoom | undefined>(rooms.get(id)))) ?? null
}

/** Nothing of a room stays in this browser: not what was written there, either. */
export async function dropKept(id: string): Promise<void> {
  dropDraft(id)
  await inStores(async (stores) => {
    stores.rooms.delete(id)
    const { [id]: _, ...sizes } = await readSizes(stores)
    stores.list.put(sizes, SIZES)
  })
}

/** The rooms of which this browser has something. */
export async function keptIds(): Promise<Set<string>> {
  const ids = await inStores(({ rooms }) => done<IDBValidKey[]>(rooms.getAllKeys()))
  return new Set([...(ids ?? []).map(String), ...roomsWithDrafts()])
}

/** Keeps the list, without temporary rooms. */
export async function keepList(list: readonly Chatroom[]): Promise<void> {
  const kept = list.filter(({ temporary }) => !temporary).slice(0, 4 * MOST_ROOMS)
  await inStores(({ list: store }) => done<void>(store.put(kept, LIST)))
}

export async function readKeptList(): Promise<Chatroom[]> {
  return (await inStores(({ list }) => done<Chatroom[] | undefined>(list.get(LIST)))) ?? []
}

const sizeOf = (value: unknown) => JSON.stringify(value).length

import type { Chatroom, Message } from "../api/client.ts"
import { done, inStores, type Stores } from "./database.ts"

/** What this browser keeps of a room that was read: enough to read it again without the service. */
export interface KeptRoom {
  room: Chatroom
  /** The newest of the shown branch, oldest first. */
  messages: Message[]
}

interface Row extends KeptRoom {
  id: string
  readAt: number
  size: number
}

const MOST_ROOMS = 50
const MOST_MESSAGES = 50
/** In characters of JSON. A browser keeps them in one or two bytes. */
const MOST_SIZE = 10_000_000
const MOST_ROOM_SIZE = 1_000_000

/** Keeps a room for reading offline, in place of those that were read longest ago. A temporary one leaves no trace. */
export async function keepRoom({ room, messages }: KeptRoom): Promise<void> {
  if (room.temporary) return dropKept(room.id)
  const fitting = newestThatFit(messages)
  const row: Row = {
    id: room.id,
    room,
    messages: fitting,
    readAt: Date.now(),
    size: sizeOf(room) + sizeOf(fitting),
  }
  await inStores(async (stores) => {
    await done(stores.rooms.put(row))
    await makeSpace(stores)
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

async function makeSpace({ rooms }: Stores): Promise<void> {
  const rows = await done<Row[]>(rooms.getAll())
  rows.sort((a, b) => b.readAt - a.readAt)
  let size = 0
  rows.forEach((row, index) => {
    size += row.size
    if (index >= MOST_ROOMS || size > MOST_SIZE) rooms.delete(row.id)
  })
}

/** A room as it was when it was read last; null where it isn't kept. */
export async function readKept(id: string): Promise<KeptRoom | null> {
  return (await inStores(({ rooms }) => done<KeptRoom | undefined>(rooms.get(id)))) ?? null
}

export async function dropKept(id: string): Promise<void> {
  await inStores(({ rooms }) => done<void>(rooms.delete(id)))
}

/** Keeps the list, without temporary rooms. */
export async function keepList(list: readonly Chatroom[]): Promise<void> {
  const kept = list.filter(({ temporary }) => !temporary).slice(0, 4 * MOST_ROOMS)
  await inStores(({ list: store }) => done<void>(store.put(kept, "rooms")))
}

export async function readKeptList(): Promise<Chatroom[]> {
  return (await inStores(({ list }) => done<Chatroom[] | undefined>(list.get("rooms")))) ?? []
}

const sizeOf = (value: unknown) => JSON.stringify(value).length

import { signal } from "@preact/signals"
import { done, inStores } from "../offline/database.ts"
import { onSession } from "../state/session.ts"
import type { OutboxItem } from "./item.ts"

/** What waits to be sent, oldest first: the same in all tabs, and kept when they close. */
export const outbox = signal<readonly OutboxItem[]>([])

/** A room that first messages have made, which have these keys. */
interface RoomMade {
  keys: string[]
  roomId: string
}

const channel = new BroadcastChannel("chat.outbox")
channel.onmessage = ({ data }: MessageEvent<RoomMade | null>) => {
  void readOutbox()
  if (data) for (const listener of awaiting) listener(data)
}

const awaiting = new Set<(made: RoomMade) => void>()

/** Calls `listener` whenever a room was made, in whatever tab. @returns ends it */
export function onRoomMade(listener: (made: RoomMade) => void): () => void {
  awaiting.add(listener)
  return () => awaiting.delete(listener)
}

/** Tells all tabs: a message may be taken, and gone from here, before anybody has looked at its room. */
export function tellRoomMade(made: RoomMade): void {
  channel.postMessage(made)
  for (const listener of awaiting) listener(made)
}

/** One after the other: what is read has what was written before. */
let last: Promise<unknown> = Promise.resolve()

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(work)
  last = turn.catch(() => undefined)
  return turn
}

type Change = (items: readonly OutboxItem[]) => readonly OutboxItem[]

/** What this tab shows already and is still going to write: what is read before lacks it. */
const unwritten = new Set<Change>()

/** Reads what all tabs have written. Without storage what this tab has stays. */
export function readOutbox(): Promise<void> {
  return inTurn(async () => {
    const items = await inStores((stores) => done<OutboxItem[]>(stores.outbox.getAll()))
    if (items)
      outbox.value = [...unwritten].reduce<readonly OutboxItem[]>((all, change) => change(all), items)
  })
}

/** Makes a change that is in sight at once, and writes it in its turn. */
function make(change: Change, write: () => Promise<void>): Promise<void> {
  outbox.value = change(outbox.peek())
  unwritten.add(change)
  return inTurn(async () => {
    await write().finally(() => unwritten.delete(change))
    channel.postMessage(null)
  })
}

/** Adds a message. It is in sight at once. */
export function addItem(item: OutboxItem): Promise<void> {
  return make(
    (items) => [...items, item],
    async () => {
      const order = await inStores((stores) => done<number>(stores.outbox.put(item)))
      if (order !== null) setOrder(item.key, order)
    },
  )
}

/** Changes a message that is there. One that somebody has taken away meanwhile, in whatever tab, stays away. */
export function changeItem(item: OutboxItem): Promise<void> {
  return make(
    (items) => items.map((one) => (one.key === item.key ? item : one)),
    async () => {
      await inStores(async (stores) => {
        const items = await done<OutboxItem[]>(stores.outbox.getAll())
        const kept = items.find(({ key }) => key === item.key)
        // A message that was just written has no order here yet.
        if (kept?.order !== undefined) stores.outbox.put({ ...item, order: kept.order })
      })
    },
  )
}

function setOrder(key: string, order: number): void {
  outbox.value = outbox.peek().map((one) => (one.key === key ? { ...one, order } : one))
}

/** Takes a message away. */
export function removeItem(key: string): Promise<void> {
  return make(
    (items) => items.filter((one) => one.key !== key),
    async () => {
      await inStores(async (stores) => {
        const items = await done<OutboxItem[]>(stores.outbox.getAll())
        for (const { order } of items.filter((one) => one.key === key)) stores.outbox.delete(order as number)
      })
    },
  )
}

onSession(() => {
  void readOutbox()
  return () => {
    outbox.value = []
  }
})

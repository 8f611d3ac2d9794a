import { signal } from "@preact/signals"
import { done, inStores } from "../offline/database.ts"
import { onSession } from "../state/session.ts"
import type { OutboxItem } from "./item.ts"

/** What waits to be sent, oldest first: the same in all tabs, and kept when they close. */
export const outbox = signal<readonly OutboxItem[]>([])

const channel = new BroadcastChannel("chat.outbox")
channel.onmessage = () => void readOutbox()

/** One after the other: what is read has what was written before. */
let last: Promise<unknown> = Promise.resolve()

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(work)
  last = turn.catch(() => undefined)
  return turn
}

/** Reads what all tabs have written. Without storage what this tab has stays. */
export function readOutbox(): Promise<void> {
  return inTurn(async () => {
    const items = await inStores((stores) => done<OutboxItem[]>(stores.outbox.getAll()))
    if (items) outbox.value = items
  })
}

/** Adds a message, or changes one that is there. It is in sight at once. */
export function putItem(item: OutboxItem): Promise<void> {
  const others = outbox.peek()
  const isKnown = others.some(({ key }) => key === item.key)
  outbox.value = isKnown ? others.map((one) => (one.key === item.key ? item : one)) : [...others, item]
  return inTurn(async () => {
    const order = await inStores(async (stores) =>
      done<number>(stores.outbox.put(await ordered(stores, item))),
    )
    if (order !== null) setOrder(item.key, order)
    channel.postMessage(null)
  })
}

/** A message that was just written has no order yet where it is changed at once. */
async function ordered(stores: { outbox: IDBObjectStore }, item: OutboxItem): Promise<OutboxItem> {
  if (item.order !== undefined) return item
  const known = (await done<OutboxItem[]>(stores.outbox.getAll())).find(({ key }) => key === item.key)
  return known?.order === undefined ? item : { ...item, order: known.order }
}

function setOrder(key: string, order: number): void {
  outbox.value = outbox.peek().map((one) => (one.key === key ? { ...one, order } : one))
}

export function removeItem(key: string): Promise<void> {
  outbox.value = outbox.peek().filter((one) => one.key !== key)
  return inTurn(async () => {
    await inStores(async (stores) => {
      const items = await done<OutboxItem[]>(stores.outbox.getAll())
      for (const { order } of items.filter((one) => one.key === key)) stores.outbox.delete(order as number)
    })
    channel.postMessage(null)
  })
}

onSession(() => {
  void readOutbox()
  return () => {
    outbox.value = []
  }
})

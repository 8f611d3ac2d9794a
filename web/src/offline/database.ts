import { ownerOfSession } from "./owner.ts"

const NAME = "chat"
const VERSION = 1
const STORES = ["owner", "list", "rooms", "outbox"] as const

export type StoreName = (typeof STORES)[number]

export type Stores = Record<StoreName, IDBObjectStore>

/**
 * Runs `work` in a transaction on what this browser keeps for the session's user. What another user has left is erased
 * before. Without a session nothing is kept, and what is there is erased by `withoutSession`.
 * @returns null where nothing can be kept: no session, no storage, or no space
 */
export async function inStores<T>(
  work: (stores: Stores) => Promise<T>,
  withoutSession: (stores: Stores) => void = eraseReadable,
): Promise<T | null> {
  try {
    const database = await open()
    const transaction = database.transaction(STORES, "readwrite")
    const stores = Object.fromEntries(STORES.map((name) => [name, transaction.objectStore(name)])) as Stores
    const isOver = ended(transaction)
    const owner = ownerOfSession()
    const before = await done<string | undefined>(stores.owner.get("id"))
    if (owner === null) {
      withoutSession(stores)
      return null
    }
    if (before !== owner) clear(stores)
    stores.owner.put(owner, "id")
    const result = await work(stores)
    await isOver
    return result
  } catch {
    return null
  }
}

/**
 * Erases what was kept to be read, where there is no session. What is still to be sent waits for its owner, who hasn't ended
 * the session; another's sign-in erases it.
 */
export async function eraseKept(): Promise<void> {
  if (ownerOfSession() === null) await inStores(async () => null)
}

/** Erases all that is kept: its owner has signed out. */
export async function eraseAll(): Promise<void> {
  await inStores(async () => null, clear)
}

function eraseReadable(stores: Stores): void {
  stores.rooms.clear()
  stores.list.clear()
}

function clear(stores: Stores): void {
  for (const name of STORES) stores[name].clear()
}

/** The result of a request, inside of its transaction. */
export function done<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function ended(transaction: IDBTransaction): Promise<void> {
  const over = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
  over.catch(() => undefined)
  return over
}

let opening: Promise<IDBDatabase> | null = null

function open(): Promise<IDBDatabase> {
  opening ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION)
    request.onupgradeneeded = () => {
      const { result: database } = request
      database.createObjectStore("owner")
      database.createObjectStore("list")
      database.createObjectStore("rooms", { keyPath: "id" })
      database.createObjectStore("outbox", { keyPath: "order", autoIncrement: true })
    }
    request.onsuccess = () => {
      // A newer build in another tab, or the person who clears the storage, isn't kept waiting.
      request.result.onversionchange = () => {
        request.result.close()
        opening = null
      }
      request.result.onclose = () => {
        opening = null
      }
      resolve(request.result)
    }
    request.onerror = () => reject(request.error)
  })
  opening.catch(() => {
    opening = null
  })
  return opening
}

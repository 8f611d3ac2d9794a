import { computed, type Signal, signal } from "@preact/signals"
import type { Chatroom, Message } from "../api/client.ts"
import type { OutboxItem } from "../outbox/item.ts"
import { outbox } from "../outbox/outbox.ts"
import { isDelayed } from "../outbox/send-outbox.ts"
import { createLiveTexts } from "./live.ts"

/** A request's query, without which there are no further messages in that direction. */
export type Cursor = Record<string, string> | null

/** A message on its way, which the service may have taken while what is shown lacks it. */
export interface Outgoing extends OutboxItem {
  isTaken?: boolean
}

/** A message that the service has taken, and what was shown then. */
interface Arrived {
  item: OutboxItem
  id: string
  before: readonly string[]
}

export type Shown = ReturnType<typeof createShown>

/** What a tab shows of a conversation. */
export function createShown(roomId: string) {
  const state = signal<"loading" | "ready" | "missing" | "deleted" | "failed">("loading")
  const room = signal<Chatroom | null>(null)
  /** What the stream has told of the room last. */
  let told: Chatroom | null = null
  /** Ids of the messages, the oldest first. */
  const branch = signal<readonly string[]>([])
  const messages = new Map<string, Signal<Message>>()
  const live = createLiveTexts()
  /** The way to messages before the first. */
  const older = signal<Cursor>(null)
  /** Whether what is shown ends before the newest message: messages around one that was looked for. */
  const isDetached = signal(false)
  /** Whether what is shown is the kept copy. */
  const isStale = signal(false)
  /** By its key: what the service has taken, as its answer or the stream says. */
  const arrived = signal<ReadonlyMap<string, Arrived>>(new Map())
  /** What is on its way, and what has come until the branch shows it: a message is in sight all along. */
  const outgoing = computed<Outgoing[]>(() => {
    const isToSend = ({ key }: Outgoing) => outbox.value.some((item) => item.key === key)
    const taken = [...arrived.value.values()].filter(({ before }) => before === branch.value)
    return [
      ...taken.map(({ item }) => ({ ...item, isTaken: true })).filter((item) => !isToSend(item)),
      ...outbox.value.filter((item) => item.roomId === roomId),
    ].filter(({ key }) => !branch.value.includes(arrived.value.get(key)?.id ?? ""))
  })
  /** The branch as it is in sight: a version that is being sent stands where the other one stood. */
  const inSight = computed(() => {
    const version = outgoing.value.find(
      (item) => item.parentId !== undefined && (arrived.value.has(item.key) || !isDelayed(item)),
    )
    const ids = branch.value
    const at = version ? ids.findIndex((id) => message(id).value.parentId === version.parentId) : -1
    return at < 0 ? ids : ids.slice(0, at)
  })
  /** The first reply of the branch that is in the making or waits. */
  const busyReplyId = computed(() => branch.value.find((id) => !isFinal(message(id).value)) ?? null)
  /** Whether nothing of that reply's text is there. */
  const isWaiting = computed(() => {
    const id = busyReplyId.value
    if (id === null) return false
    const { text, isAgain } = live.of(id).value
    return text === "" && (isAgain || message(id).value.content === "")
  })

  const message = (id: string) => messages.get(id) as Signal<Message>
  const find = (id: string) => messages.get(id)?.peek()

  function put(message: Message): void {
    const known = messages.get(message.id)
    if (message.status === "queued") live.expect(message.id)
    if (!known) messages.set(message.id, signal(message))
    // What was asked for before the end mustn't undo it.
    else if (!isFinal(known.peek()) || isFinal(message)) known.value = message
    if (isFinal(message)) live.end(message.id)
  }

  /** Takes over what the stream tells of the room. */
  function tellRoom(fields: Chatroom): void {
    told = fields
    room.value = fields
  }

  /** Returns a function that returns what the stream has told of the room last since this call, or null. */
  function listenForRoom(): () => Chatroom | null {
    const before = told
    return () => (told === before ? null : told)
  }

  /** Shows the newest messages. Older ones that were loaded stay where the branch is still theirs. */
  function setBranch(newest: string[], next: Cursor): void {
    const before = branch.peek()
    const meets = newest[0] === undefined ? -1 : before.indexOf(newest[0])
    if (meets > 0) branch.value = [...before.slice(0, meets), ...newest]
    else {
      branch.value = newest
      older.value = next
    }
  }

  return {
    roomId,
    state,
    room,
    branch,
    inSight,
    live,
    older,
    isDetached,
    isStale,
    outgoing,
    busyReplyId,
    isWaiting,
    /** Of a message that was put. */
    message,
    find,
    put,
    tellRoom,
    listenForRoom,
    setBranch,
    hasArrived: (key: string) => arrived.peek().has(key),
    /** What was on its way has come: it is the message `id` now. */
    arrive(item: OutboxItem, id: string) {
      arrived.value = new Map(arrived.peek()).set(item.key, { item, id, before: branch.peek() })
    },
    /** The branch's last message, which isn't the newest while `isDetached`. */
    end: () => branch.peek().at(-1),
  }
}

export const isFinal = ({ role, status }: Message) =>
  role === "user" || (status !== "queued" && status !== "running")

import { batch, computed, type Signal, signal } from "@preact/signals"
import {
  ApiError,
  type Chatroom,
  client,
  type Endpoints,
  type Message,
  type StreamEvent,
} from "../api/client.ts"
import { followShared, type StreamState } from "../api/shared-stream.ts"
import { dropKept, keepRoom, readKept } from "../offline/kept-rooms.ts"
import type { OutboxItem } from "../outbox/item.ts"
import { outbox } from "../outbox/outbox.ts"
import { onSent, sendLater } from "../outbox/send-outbox.ts"
import { putRoom } from "../rooms/rooms.ts"
import { loadPlan } from "../state/plan.ts"
import { branchTo } from "./branch.ts"
import { keepUp } from "./keep-up.ts"
import { createLiveTexts } from "./live.ts"

type RoomEvent = StreamEvent<Endpoints["GET /chatroom/{id}/events"]["events"]>

/** What another reply is made by; nothing: what the room says. */
export type Another = Endpoints["POST /chatroom/{id}/message/{messageId}/regenerate"]["body"]

export type ThreadState = "loading" | "ready" | "missing" | "failed"

export type Thread = ReturnType<typeof openThread>

export interface NewPrompt {
  text: string
  attachments: string[]
  /** The message that it follows; undefined: the end of the shown branch. */
  parentId?: string | null
  /** Stops the reply in the making instead of waiting for it. */
  interrupts?: boolean
}

const PAGE = 50

/** More messages at once make a page slow; those that are farthest from the reader go, and come back when scrolled to. */
const MOST_SHOWN = 300

/** How far this machine's clock may be from the service's. */
const CLOCKS_MS = 5 * 60_000

/** The stream tells of a room's new messages right after the room: a branch end that it doesn't tell of is looked for. */
const UNTOLD_MS = 500

/** A load that takes longer lets the kept copy be seen meanwhile. */
const SLOW_MS = 2_000

/** A conversation as this tab shows it: the newest messages of the active branch, kept up to date until `close`. */
export function openThread(roomId: string) {
  const params = { id: roomId }
  const state = signal<ThreadState>("loading")
  const room = signal<Chatroom | null>(null)
  const branch = signal<readonly string[]>([])
  /** Messages that the stream has told of before their requests were answered. */
  const arrived = signal<ReadonlySet<string>>(new Set())
  const outgoing = computed(() =>
    outbox.value.filter(({ roomId: id, key }) => id === roomId && !arrived.value.has(key)),
  )
  const messages = new Map<string, Signal<Message>>()
  const live = createLiveTexts()
  /** The prompt that is being edited. */
  const editing = signal<string | null>(null)
  const stream = signal<StreamState>("live")
  /** The first reply of the branch that is in the making or waits. */
  const busyReplyId = computed(
    () => branch.value.find((id) => !isFinal((messages.get(id) as Signal<Message>).value)) ?? null,
  )
  const isQueued = computed(() => {
    const id = busyReplyId.value
    return id !== null && messages.get(id)?.value.status === "queued"
  })
  const older = signal<Record<string, string> | null>(null)
  let loads = 0
  let isFresh = false
  /** Whether what is shown ends before the newest message: messages around one that was looked for. */
  const isDetached = signal(false)
  /** Whether what is shown is the kept copy. */
  const isStale = signal(false)
  const slow = setTimeout(() => void showKept(), SLOW_MS)
  let untold: ReturnType<typeof setTimeout> | undefined

  const find = (id: string) => messages.get(id)?.peek()

  function put(message: Message): void {
    const known = messages.get(message.id)
    if (!known && message.status === "queued") live.expect(message.id)
    if (!known) messages.set(message.id, signal(message))
    // What was asked for before the end mustn't undo it.
    else if (!isFinal(known.peek()) || isFinal(message)) known.value = message
    if (isFinal(message)) live.end(message.id)
  }

  /** Loads the newest messages. A load that was overtaken by a later one changes nothing. */
  async function load(): Promise<void> {
    const load = ++loads
    try {
      const { reply, next } = await client.page("GET /chatroom/{id}", { params, query: { limit: PAGE } })
      if (load !== loads) return
      batch(() => {
        const { messages: newest, ...fields } = reply
        isStale.value = false
        isDetached.value = false
        for (const message of newest) put(message)
        room.value = fields
        putRoom(fields)
        setBranch(
          newest.map(({ id }) => id),
          next,
        )
        state.value = "ready"
      })
      keep()
    } catch (error) {
      if (load !== loads) return
      const isMissing = error instanceof ApiError && (error.status === 404 || error.status === 400)
      if (isMissing) miss()
      else if (state.peek() !== "ready" && !(await showKept())) state.value = "failed"
    }
  }

  /** Loads the newest messages again, unless older ones are being read. */
  async function refresh(): Promise<void> {
    if (!isDetached.peek()) await load()
  }

  /** Shows the room as it was when it was read last. @returns whether there is something to see */
  async function showKept(): Promise<boolean> {
    const kept = state.peek() === "ready" ? null : await readKept(roomId)
    if (kept && state.peek() !== "ready") {
      batch(() => {
        isStale.value = true
        for (const message of kept.messages) put(message)
        room.value = kept.room
        setBranch(
          kept.messages.map(({ id }) => id),
          null,
        )
        state.value = "ready"
      })
    }
    return state.peek() === "ready"
  }

  /** Keeps the newest messages for reading offline. */
  function keep(): void {
    const shown = room.peek()
    if (!shown || isStale.peek() || isDetached.peek()) return
    void keepRoom({ room: shown, messages: branch.peek().flatMap((id) => find(id) ?? []) })
  }

  function miss(): void {
    state.value = "missing"
    void dropKept(roomId)
  }

  /** Older messages that were loaded stay where the branch is still theirs. */
  function setBranch(newest: string[], next: Record<string, string> | null): void {
    const before = branch.peek()
    const meets = newest[0] === undefined ? -1 : before.indexOf(newest[0])
    if (meets > 0) branch.value = [...before.slice(0, meets), ...newest]
    else {
      branch.value = newest
      older.value = next
    }
  }

  /** Loads older messages. As many newer ones may go, out of sight, which `isWhole` keeps. */
  async function loadOlder({ isWhole = false } = {}): Promise<void> {
    const query = older.peek()
    if (!query) return
    older.value = null
    const first = branch.peek()[0]
    try {
      const { reply, next } = await client.page("GET /chatroom/{id}", { params, query })
      const shown = branch.peek()
      // Other messages are shown meanwhile, with another way to older ones.
      if (shown[0] !== first) return
      const at = reply.messages.findIndex(({ id }) => id === shown[0])
      const added = at < 0 ? reply.messages : reply.messages.slice(0, at)
      batch(() => {
        for (const message of added) put(message)
        const all = [...added.map(({ id }) => id), ...shown]
        const isLong = !isWhole && all.length > MOST_SHOWN
        branch.value = isLong ? all.slice(0, MOST_SHOWN) : all
        if (isLong) isDetached.value = true
        older.value = next
      })
    } catch {
      if (branch.peek()[0] === first) older.value = query
    }
  }

  /**
   * Shows the messages around one, on the branch that leads to it. @returns where it is
   * @throws what the service answers
   */
  async function showAround(messageId: string): Promise<"here" | "otherBranch" | "nowhere"> {
    if (branch.peek().includes(messageId)) return "here"
    let place: "here" | "otherBranch" = "here"
    try {
      const page = await readAround(messageId).catch(async (error: unknown) => {
        if (!(error instanceof ApiError && error.status === 404)) throw error
        // It is on another branch, or nowhere.
        await client.call("PATCH /chatroom/{id}", { params, body: { headId: messageId } })
        place = "otherBranch"
        return readAround(messageId)
      })
      loads += 1
      batch(() => {
        for (const message of page.messages) put(message)
        branch.value = page.messages.map(({ id }) => id)
        older.value = page.next
        isDetached.value = !page.isNewest
      })
      return place
    } catch (error) {
      if (error instanceof ApiError && (error.status === 404 || error.status === 400)) return "nowhere"
      throw error
    }
  }

  /** Goes on from messages that were looked for towards the newest. */
  async function loadNewer(): Promise<void> {
    const last = branch.peek().at(-1)
    if (last === undefined || !isDetached.peek()) return
    const page = await readAround(last).catch(() => null)
    if (!page || branch.peek().at(-1) !== last || !isDetached.peek()) return
    const added = page.messages.slice(page.messages.findIndex(({ id }) => id === last) + 1)
    batch(() => {
      for (const message of added) put(message)
      const all = [...branch.peek(), ...added.map(({ id }) => id)]
      branch.value = all.slice(-MOST_SHOWN)
      // Where the oldest have gone there is no cursor, so what is before the first is asked for by its name.
      if (all.length > MOST_SHOWN)
        older.value = { limit: String(PAGE), messageId: branch.peek()[0] as string }
      isDetached.value = !page.isNewest
    })
  }

  async function readAround(messageId: string) {
    const query = { limit: PAGE, messageId }
    const { reply, next } = await client.page("GET /chatroom/{id}", { params, query })
    const { messages: found, ...fields } = reply
    room.value = fields
    return { messages: found, next, isNewest: found.at(-1)?.id === fields.headId }
  }

  /** Shows the branch that ends at `headId`, by what is known or else by asking. */
  function follow(headId: string): void {
    const shown = branch.peek()
    if (shown.at(-1) === headId || isDetached.peek()) return
    const ids = branchTo(headId, shown[0], find)
    const isLonger = ids !== null && shown.every((id, index) => ids[index] === id)
    // Versions count each other, so another branch is asked for.
    if (isLonger) branch.value = ids
    else void load()
  }

  /** A version that was chosen elsewhere: only new messages are told, and this one is older. */
  function lookForHead(): void {
    if (room.peek()?.headId !== (branch.peek().at(-1) ?? null)) void refresh()
  }

  function onEvent({ event, data }: RoomEvent): void {
    switch (event) {
      case "chatroom": {
        room.value = data
        putRoom(data)
        if (data.headId !== null && find(data.headId)) follow(data.headId)
        else if (data.headId !== branch.peek().at(-1)) {
          clearTimeout(untold)
          untold = setTimeout(lookForHead, UNTOLD_MS)
        }
        // What happened between the loading and the first word of a new stream is told by neither.
        if (isFresh && state.peek() === "ready") {
          const isMissed =
            isStale.peek() || data.headId !== (branch.peek().at(-1) ?? null) || busyReplyId.peek() !== null
          if (isMissed) void refresh()
        }
        isFresh = false
        return
      }
      case "message": {
        if (!find(data.id)) drop(data)
        put(data)
        if (data.id === room.peek()?.headId || data.parentId === branch.peek().at(-1)) follow(data.id)
        return
      }
      case "delta":
        live.addText(data.messageId, data.text)
        return
      case "thought":
        live.addThought(data.messageId, data.text)
        return
      case "reset":
        live.restart(data.messageId)
        return
      case "done": {
        const { messageId: _, ...message } = data
        put(message)
        keep()
        void loadPlan()
        return
      }
      case "message_deleted":
        // Versions beside it count anew.
        if (find(data.messageId)) void refresh()
        return
      case "deleted":
        miss()
    }
  }

  /** The stream may tell of a prompt before its request is answered: it is no longer on its way then. */
  function drop({ role, content, createdAt }: Message): void {
    if (role !== "user") return
    const isSame = ({ text, stopped, at }: OutboxItem) =>
      stopped === null && text === content && Date.parse(createdAt) > at - CLOCKS_MS
    const sent = outgoing.peek().find(isSame)
    if (sent) arrived.value = new Set(arrived.peek()).add(sent.key)
  }

  /** Sends a prompt, which is in sight at once and goes when the service can be reached. */
  async function send({ text, attachments, parentId, interrupts = false }: NewPrompt): Promise<void> {
    const after = parentId === undefined && !interrupts ? shownEnd() : parentId
    await sendLater({ roomId, text, attachments, parentId: after, interrupts })
  }

  /**
   * The end of what is shown, where the room goes on elsewhere since another device has chosen a version that isn't
   * loaded yet: what is sent now answers what is seen. Otherwise, and behind others, a prompt goes to the room's end.
   */
  function shownEnd(): string | undefined {
    const head = room.peek()?.headId
    const shown = branch.peek()
    const end = shown.at(-1)
    if (!head || !end || isDetached.peek() || isStale.peek() || outgoing.peek().length > 0) return undefined
    return shown.includes(head) || find(end)?.role !== "model" ? undefined : end
  }

  const endSending = onSent(({ reply, ...message }) => {
    if (message.chatroomId !== roomId) return
    batch(() => {
      put(message)
      put(reply)
      if (isDetached.peek()) void load()
      else follow(reply.id)
    })
  })

  async function stop(messageId: string): Promise<void> {
    put(
      await client.call("POST /chatroom/{id}/message/{messageId}/cancel", {
        params: { id: roomId, messageId },
      }),
    )
  }

  /** Deletes a message and what follows it. */
  async function remove(messageId: string): Promise<void> {
    await client.deleteMessage({ chatroomId: roomId, messageId })
    await load()
  }

  /** Asks for another reply to the same prompt, in a version beside it; `how`: by another model, or another level. */
  async function regenerate(messageId: string, how: Another = {}): Promise<void> {
    const reply = await client.call("POST /chatroom/{id}/message/{messageId}/regenerate", {
      params: { id: roomId, messageId },
      body: how,
    })
    put(reply)
    await load()
    void loadPlan()
  }

  /** Goes on with a reply that ended early, in a version beside it. */
  async function goOn(messageId: string): Promise<void> {
    const reply = await client.call("POST /chatroom/{id}/message/{messageId}/continue", {
      params: { id: roomId, messageId },
      body: {},
    })
    put(reply)
    await load()
    void loadPlan()
  }

  /** Shows another version: the newest conversation that goes through that message. */
  async function show(messageId: string): Promise<void> {
    await client.call("PATCH /chatroom/{id}", { params, body: { headId: messageId } })
    await load()
  }

  const end = followShared<RoomEvent, ReturnType<typeof live.all>>({
    name: `chat.room.${roomId}`,
    isBounded: true,
    open(lastEventId, signal) {
      // Without an id the stream tells the text of the reply in the making from its beginning.
      if (lastEventId === undefined) live.clear()
      isFresh = lastEventId === undefined
      return client.followRoom(roomId, {
        ...(lastEventId ? { lastEventId } : {}),
        signal,
        endWhenEvicted: true,
      })
    },
    onEvent,
    snapshot: live.all,
    onSnapshot: live.setAll,
    onJoin: () => void refresh(),
    onState(to) {
      stream.value = to
    },
    onError(error) {
      if (error instanceof ApiError && error.status === 404) miss()
    },
  })

  const endKeeping = keepUp({
    roomId,
    stream,
    growing: busyReplyId,
    isQueued,
    knows: (listed) => listed === room.peek(),
    load: refresh,
    async look(messageId) {
      put(await client.call("GET /chatroom/{id}/message/{messageId}", { params: { id: roomId, messageId } }))
    },
  })

  return {
    roomId,
    stream,
    busyReplyId,
    isStale,
    isDetached,
    editing,
    put,
    remove,
    state,
    room,
    branch,
    older,
    outgoing,
    live,
    message: (id: string) => messages.get(id) as Signal<Message>,
    load,
    loadOlder,
    loadNewer,
    showAround,
    send,
    stop,
    regenerate,
    goOn,
    show,
    close() {
      clearTimeout(slow)
      clearTimeout(untold)
      endSending()
      endKeeping()
      end()
    },
  }
}

export const isFinal = ({ role, status }: Message) =>
  role === "user" || (status !== "queued" && status !== "running")

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

/** A message that is on its way to the service, or didn't get there. */
export interface Outgoing {
  key: string
  text: string
  attachments: string[]
  parentId: string | null | undefined
  error: ApiError | Error | null
}

const PAGE = 50

/** A conversation as this tab shows it: the newest messages of the active branch, kept up to date until `close`. */
export function openThread(roomId: string) {
  const params = { id: roomId }
  const state = signal<ThreadState>("loading")
  const room = signal<Chatroom | null>(null)
  const branch = signal<readonly string[]>([])
  const outgoing = signal<readonly Outgoing[]>([])
  const messages = new Map<string, Signal<Message>>()
  const live = createLiveTexts()
  const stream = signal<StreamState>("live")
  /** The first reply of the branch that is in the making or waits. */
  const busyReplyId = computed(
    () => branch.value.find((id) => !isFinal((messages.get(id) as Signal<Message>).value)) ?? null,
  )
  const older = signal<Record<string, string> | null>(null)
  let loads = 0
  let isFresh = false

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
        for (const message of newest) put(message)
        room.value = fields
        putRoom(fields)
        setBranch(
          newest.map(({ id }) => id),
          next,
        )
        state.value = "ready"
      })
    } catch (error) {
      if (load !== loads) return
      const isMissing = error instanceof ApiError && (error.status === 404 || error.status === 400)
      if (isMissing) state.value = "missing"
      else if (state.peek() !== "ready") state.value = "failed"
    }
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

  async function loadOlder(): Promise<void> {
    const query = older.peek()
    if (!query) return
    older.value = null
    try {
      const { reply, next } = await client.page("GET /chatroom/{id}", { params, query })
      batch(() => {
        for (const message of reply.messages) put(message)
        branch.value = [...reply.messages.map(({ id }) => id), ...branch.peek()]
        older.value = next
      })
    } catch {
      older.value = query
    }
  }

  /** Shows the branch that ends at `headId`, by what is known or else by asking. */
  function follow(headId: string): void {
    const shown = branch.peek()
    if (shown.at(-1) === headId) return
    const ids = branchTo(headId, shown[0], find)
    const isLonger = ids !== null && shown.every((id, index) => ids[index] === id)
    // Versions count each other, so another branch is asked for.
    if (isLonger) branch.value = ids
    else void load()
  }

  function onEvent({ event, data }: RoomEvent): void {
    switch (event) {
      case "chatroom": {
        room.value = data
        putRoom(data)
        if (data.headId !== null && find(data.headId)) follow(data.headId)
        // What happened between the loading and the first word of a new stream is told by neither.
        if (isFresh && state.peek() === "ready") {
          const isMissed = data.headId !== (branch.peek().at(-1) ?? null) || busyReplyId.peek() !== null
          if (isMissed) void load()
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
        void loadPlan()
        return
      }
      case "message_deleted":
        // Versions beside it count anew.
        if (find(data.messageId)) void load()
        return
      case "deleted":
        state.value = "missing"
    }
  }

  /** The stream may tell of a prompt before its request is answered: it is no longer on its way then. */
  function drop({ role, content }: Message): void {
    if (role !== "user") return
    const arrived = outgoing.peek().find(({ text, error }) => error === null && text === content)
    if (arrived) dismiss(arrived.key)
  }

  /** Sends a prompt, which is in sight at once. The same key again is safe. */
  async function send(given: Omit<Outgoing, "key" | "error"> & { key?: string }): Promise<boolean> {
    const sent: Outgoing = { ...given, key: given.key ?? crypto.randomUUID(), error: null }
    outgoing.value = [...outgoing.peek().filter(({ key }) => key !== sent.key), sent]
    try {
      const prompt = await client.call("POST /chatroom/{id}/message", {
        params,
        headers: { "Idempotency-Key": sent.key },
        body: {
          message: sent.text,
          ...(sent.parentId === undefined ? {} : { parentId: sent.parentId }),
          ...(sent.attachments.length > 0 ? { attachments: sent.attachments } : {}),
        },
      })
      const { reply, ...message } = prompt
      batch(() => {
        put(message)
        put(reply)
        dismiss(sent.key)
        follow(reply.id)
      })
      void loadPlan()
      return true
    } catch (error) {
      void loadPlan()
      const failed = { ...sent, error: error as Error }
      outgoing.value = outgoing.peek().map((one) => (one.key === sent.key ? failed : one))
      return false
    }
  }

  const dismiss = (key: string) => {
    outgoing.value = outgoing.peek().filter((one) => one.key !== key)
  }

  async function stop(messageId: string): Promise<void> {
    put(
      await client.call("POST /chatroom/{id}/message/{messageId}/cancel", {
        params: { id: roomId, messageId },
      }),
    )
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
    onJoin: () => void load(),
    onState(to) {
      stream.value = to
    },
    onError(error) {
      if (error instanceof ApiError && error.status === 404) state.value = "missing"
    },
  })

  const endKeeping = keepUp({
    roomId,
    stream,
    growing: busyReplyId,
    knows: (listed) => listed === room.peek() || state.peek() !== "ready",
    load,
    async look(messageId) {
      put(await client.call("GET /chatroom/{id}/message/{messageId}", { params: { id: roomId, messageId } }))
    },
  })

  return {
    roomId,
    stream,
    busyReplyId,
    state,
    room,
    branch,
    older,
    outgoing,
    live,
    message: (id: string) => messages.get(id) as Signal<Message>,
    load,
    loadOlder,
    send,
    dismiss,
    stop,
    regenerate,
    goOn,
    show,
    close() {
      endKeeping()
      end()
    },
  }
}

export const isFinal = ({ role, status }: Message) =>
  role === "user" || (status !== "queued" && status !== "running")

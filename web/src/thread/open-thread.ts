import { batch, signal } from "@preact/signals"
import { ApiError, client, type Endpoints } from "../api/client.ts"
import { followShared, type StreamState } from "../api/shared-stream.ts"
import { onSent, sendLater } from "../outbox/send-outbox.ts"
import { loadPlan } from "../state/plan.ts"
import { keepUp } from "./keep-up.ts"
import { ANSWER_MS, createPages } from "./pages.ts"
import { createRoomEvents, type RoomEvent } from "./room-events.ts"
import { createShown } from "./shown.ts"
import type { Arrange, View } from "./view.ts"

/** What another reply is made by; nothing: what the room says. */
export type Another = Endpoints["POST /chatroom/{id}/message/{messageId}/regenerate"]["body"]

export type Thread = ReturnType<typeof openThread>

export interface NewPrompt {
  text: string
  attachments: string[]
  /** The message that it follows; undefined: the end of the shown branch. */
  parentId?: string | null
  /** Stops the reply in the making instead of waiting for it. */
  interrupts?: boolean
}

/** A load that takes longer lets the kept copy be seen meanwhile. */
const SLOW_MS = 2_000

/** A conversation as this tab shows it: the newest messages of the active branch, kept up to date until `close`. */
export function openThread(roomId: string) {
  const shown = createShown(roomId)
  const { room, branch, live, isDetached, isStale, outgoing, busyReplyId, isWaiting, put } = shown
  const pages = createPages(shown)
  const { load, loadOlder, loadNewer } = pages
  const events = createRoomEvents(shown, pages)
  const stream = signal<StreamState>("live")
  const slow = setTimeout(() => void pages.showKept(), SLOW_MS)

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
    const end = shown.end()
    if (!head || !end || isDetached.peek() || isStale.peek() || outgoing.peek().length > 0) return undefined
    return branch.peek().includes(head) || shown.find(end)?.role !== "model" ? undefined : end
  }

  const endSending = onSent(({ reply, ...message }, item) => {
    if (message.chatroomId !== roomId) return
    batch(() => {
      shown.arrive(item, message.id)
      put(message)
      put(reply)
      if (isDetached.peek()) void load()
      else events.follow(reply.id)
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

  /** Messages beside which another reply was asked for, and isn't shown yet: a double click asks for one. */
  const asking = new Set<string>()

  async function askFor(ask: "regenerate" | "continue", messageId: string, body: Another): Promise<void> {
    if (asking.has(messageId)) return
    asking.add(messageId)
    try {
      const params = { id: roomId, messageId }
      const signal = AbortSignal.timeout(ANSWER_MS)
      put(await client.call(`POST /chatroom/{id}/message/{messageId}/${ask}`, { params, body, signal }))
      await load()
      void loadPlan()
    } finally {
      asking.delete(messageId)
    }
  }

  /** Asks for another reply to the same prompt, in a version beside it; `how`: by another model, or another level. */
  const regenerate = (messageId: string, how: Another = {}) => askFor("regenerate", messageId, how)

  /** Goes on with a reply that ended early, in a version beside it. */
  const goOn = (messageId: string) => askFor("continue", messageId, {})

  const end = followShared<RoomEvent, ReturnType<typeof live.all>>({
    name: `chat.room.${roomId}`,
    isBounded: true,
    open(lastEventId, signal, onFailures) {
      events.onOpen({ resumes: lastEventId !== undefined })
      return client.followRoom(roomId, {
        ...(lastEventId ? { lastEventId } : {}),
        signal,
        onFailures,
        endWhenEvicted: true,
      })
    },
    onEvent: events.onEvent,
    snapshot: live.all,
    onSnapshot: live.setAll,
    onJoin: () => void pages.refresh(),
    onState(to) {
      stream.value = to
    },
    onError(error) {
      if (error instanceof ApiError && error.status === 404) pages.miss()
    },
  })

  const endKeeping = keepUp({
    roomId,
    stream,
    growing: busyReplyId,
    isWaiting,
    knows: (listed) => listed === room.peek(),
    load: pages.refresh,
    async look(messageId) {
      put(await client.call("GET /chatroom/{id}/message/{messageId}", { params: { id: roomId, messageId } }))
    },
  })

  return {
    roomId,
    shown,
    pages,
    stream,
    busyReplyId,
    isStale,
    isDetached,
    /** The prompt that is being edited. */
    editing: signal<string | null>(null),
    /** Is called whenever messages are rendered, until it is done. */
    arrange: null as Arrange | null,
    /** Once messages are rendered. */
    view: null as View | null,
    put,
    remove,
    state: shown.state,
    room,
    branch,
    inSight: shown.inSight,
    older: shown.older,
    outgoing,
    live,
    message: shown.message,
    load,
    loadOlder,
    loadNewer,
    send,
    stop,
    regenerate,
    goOn,
    close() {
      clearTimeout(slow)
      events.close()
      endSending()
      endKeeping()
      end()
    },
  }
}

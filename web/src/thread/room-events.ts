import type { Endpoints, Message, StreamEvent } from "../api/client.ts"
import type { OutboxItem } from "../outbox/item.ts"
import { putRoom } from "../rooms/rooms.ts"
import { loadPlan } from "../state/plan.ts"
import { branchTo } from "./branch.ts"
import type { Pages } from "./pages.ts"
import type { Shown } from "./shown.ts"

export type RoomEvent = StreamEvent<Endpoints["GET /chatroom/{id}/events"]["events"]>

/** How far this machine's clock may be from the service's. */
const CLOCKS_MS = 5 * 60_000

/** The stream tells of a room's new messages right after the room: a branch end that it doesn't tell of is looked for. */
const UNTOLD_MS = 500

/** Takes what a room's stream tells into what is shown, until `close`. */
export function createRoomEvents(shown: Shown, pages: Pages) {
  const { state, room, branch, live, isStale, outgoing, find, put } = shown
  let isFresh = false
  let untold: ReturnType<typeof setTimeout> | undefined

  function onEvent({ event, data }: RoomEvent): void {
    switch (event) {
      case "chatroom":
        onRoom(data)
        return
      case "message":
        if (!find(data.id)) arrive(data)
        put(data)
        if (data.id === room.peek()?.headId || data.parentId === (shown.end() ?? null)) follow(data.id)
        return
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
        pages.keep()
        void loadPlan()
        return
      }
      case "message_deleted":
        // Versions beside it count anew.
        if (find(data.messageId)) void pages.refresh()
        return
      case "deleted":
        pages.miss("deleted")
    }
  }

  function onRoom(data: Extract<RoomEvent, { event: "chatroom" }>["data"]): void {
    shown.tellRoom(data)
    putRoom(data)
    if (data.headId !== null && find(data.headId)) follow(data.headId)
    else if (data.headId !== shown.end()) {
      clearTimeout(untold)
      untold = setTimeout(lookForHead, UNTOLD_MS)
    }
    // What happened between the loading and the first word of a new stream is told by neither.
    if (isFresh && state.peek() === "ready") {
      const isMissed = isStale.peek() || !isAtHead() || shown.busyReplyId.peek() !== null
      if (isMissed) void pages.refresh()
    }
    isFresh = false
  }

  const isAtHead = () => room.peek()?.headId === (shown.end() ?? null)

  /** A version that was chosen elsewhere: only new messages are told, and this one is older. */
  function lookForHead(): void {
    if (!isAtHead()) void pages.refresh()
  }

  /** Shows the branch that ends at `headId`, by what is known or else by asking. */
  function follow(headId: string): void {
    const before = branch.peek()
    if (before.at(-1) === headId || !pages.canFollow()) return
    const ids = branchTo(headId, before[0], find)
    const isLonger = ids !== null && before.every((id, index) => ids[index] === id)
    // Versions count each other, so another branch is asked for.
    if (isLonger) branch.value = ids
    else void pages.load()
  }

  /** The stream may tell of a prompt before its request is answered: it is no longer on its way then. */
  function arrive({ id, role, content, createdAt }: Message): void {
    if (role !== "user") return
    const isSame = ({ key, text, stopped, at }: OutboxItem) =>
      stopped === null && text === content && Date.parse(createdAt) > at - CLOCKS_MS && !shown.hasArrived(key)
    const sent = outgoing.peek().find(isSame)
    if (sent) shown.arrive(sent, id)
  }

  return {
    onEvent,
    follow,
    /** A stream begins, which tells the text of the reply in the making from its beginning unless it `resumes` another. */
    onOpen({ resumes }: { resumes: boolean }) {
      if (!resumes) live.clear()
      isFresh = !resumes
    },
    close: () => clearTimeout(untold),
  }
}

import type { Context } from "../../services/context.ts"
import type { ReplyEvent } from "../../services/replies/stream/follow-reply.ts"
import type { RoomEvent } from "../../services/replies/stream/follow-room.ts"
import type { RoomListEvent } from "../../services/replies/stream/follow-room-list.ts"
import type { SseEvent } from "../../utils/sse.ts"
import { presentChatroom } from "./chatroom.ts"
import { presentMessage } from "./message.ts"

/** Presents the events of one reply: `thought`, `delta`, `reset`, `done`. */
export async function* presentReplyEvents(
  ctx: Context,
  changes: AsyncIterable<ReplyEvent>,
): AsyncGenerator<SseEvent> {
  for await (const change of changes)
    yield { id: change.id, event: change.event, data: presentChange(ctx, change) }
}

/** Presents the events of a room: `chatroom`, `message`, `message_deleted`, `deleted`, and those of its replies with their ids. */
export async function* presentRoomEvents(
  ctx: Context,
  changes: AsyncIterable<RoomEvent>,
): AsyncGenerator<SseEvent> {
  for await (const change of changes) yield presentRoomEvent(ctx, change)
}

/** Presents the events of a user's list of chatrooms: `reset`, `chatroom`, `deleted`. */
export async function* presentRoomListEvents(
  ctx: Context,
  changes: AsyncIterable<RoomListEvent>,
): AsyncGenerator<SseEvent> {
  for await (const change of changes)
    yield { id: change.id, event: change.event, data: presentListChange(ctx, change) }
}

function presentListChange(ctx: Context, change: RoomListEvent): object {
  switch (change.event) {
    case "reset":
      return {}
    case "chatroom":
      return presentChatroom(change.room, ctx.config.gemini.model)
    case "deleted":
      return { id: change.chatroomId }
  }
}

function presentRoomEvent(ctx: Context, change: RoomEvent): SseEvent {
  const { id, event } = change
  switch (event) {
    case "chatroom":
      return { id, event, data: presentChatroom(change.room, ctx.config.gemini.model) }
    case "message":
      return { id, event, data: presentMessage(ctx, change.message) }
    case "reply":
      return {
        id,
        event: change.change.event,
        data: { messageId: change.messageId, ...presentChange(ctx, change.change) },
      }
    case "message_deleted":
      return { id, event, data: { messageId: change.messageId } }
    case "deleted":
      return { id, event, data: {} }
  }
}

function presentChange(ctx: Context, change: ReplyEvent): object {
  switch (change.event) {
    case "thought":
    case "delta":
      return { text: change.text }
    case "reset":
      return { attempt: change.attempt }
    case "done":
      return presentMessage(ctx, change.message)
  }
}

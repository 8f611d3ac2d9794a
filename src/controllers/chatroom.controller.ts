import type { ChatroomChange, ChatroomQuery, Fork, NewChatroom, RoomQuery } from "../schemas/chat.ts"
import { changeChatroom } from "../services/chat/change-chatroom.ts"
import type { CachedList } from "../services/chat/chatroom-cache.ts"
import { createChatroom } from "../services/chat/create-chatroom.ts"
import { deleteChatroom } from "../services/chat/delete-chatroom.ts"
import { findOwnChatroom } from "../services/chat/find-chatroom.ts"
import { forkChatroom } from "../services/chat/fork-chatroom.ts"
import { getChatroom } from "../services/chat/get-chatroom.ts"
import { readChatroomList } from "../services/chat/read-chatroom-list.ts"
import type { Context } from "../services/context.ts"
import { followRoom } from "../services/replies/stream/follow-room.ts"
import { followRoomList } from "../services/replies/stream/follow-room-list.ts"
import { created, events, json, noContent, notModified, ok, type UserInput } from "./http.ts"
import { readIdempotencyKey, replayHeaders } from "./idempotency-key.ts"
import { nextLink } from "./page-link.ts"
import { presentChatroom } from "./presenters/chatroom.ts"
import { presentRoomEvents, presentRoomListEvents } from "./presenters/events.ts"
import { messagesBytes } from "./presenters/message-text.ts"

type OneRoom = { params: { id: string } }

export async function postChatroom(ctx: Context, { user, body, header }: UserInput<{ body: NewChatroom }>) {
  const key = readIdempotencyKey(header("idempotency-key"), { route: "create-chatroom", body })
  const { room, replayed } = await createChatroom(ctx, { userId: user.userId, room: body, key })
  const presented = presentChatroom(room, ctx.config.gemini.model)
  return created(presented, { Location: `/chatroom/${room.id}`, ...replayHeaders(replayed) })
}

export async function getChatrooms(ctx: Context, input: UserInput<{ query: ChatroomQuery }>) {
  const { user, query } = input
  const { list, fromCache } = await readChatroomList(ctx, { userId: user.userId, ...query }, (page) => ({
    body: JSON.stringify(page.items.map((room) => presentChatroom(room, ctx.config.gemini.model))),
    link: nextLink("/chatroom", query, page.next).Link ?? "",
  }))
  return reply(input, list, fromCache ? "HIT" : "MISS")
}

function reply({ header }: UserInput, { etag, link, body }: CachedList, cache: "HIT" | "MISS") {
  const headers: Record<string, string> = {
    ETag: etag,
    "X-Cache": cache,
    "Cache-Control": "private, no-cache",
  }
  if (link) headers.Link = link
  if (matches(header("if-none-match"), etag)) return notModified(headers)
  return { status: 200, headers, bytes: body, type: "application/json; charset=utf-8", isOwn: true }
}

/** Implements RFC 9110 section 13.1.2: a list of tags or `*`, compared weakly. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag)
}

export async function getChatroomWithMessages(
  ctx: Context,
  { user, params, query }: UserInput<OneRoom & { query: RoomQuery }>,
) {
  const page = { userId: user.userId, chatroomId: params.id, ...query }
  const { room, messages, ...around } = await getChatroom(ctx, page)
  const presented = JSON.stringify({ ...presentChatroom(room, ctx.config.gemini.model), ...around })
  const bytes = messagesBytes(ctx, messages.items, `${presented.slice(0, -1)},"messages":`, "}")
  // From there the cursor alone says where the next page is.
  const { messageId: _, ...rest } = query
  return json(bytes, nextLink(`/chatroom/${room.id}`, rest, messages.next))
}

export async function patchChatroom(
  ctx: Context,
  { user, params, body }: UserInput<OneRoom & { body: ChatroomChange }>,
) {
  const room = await changeChatroom(ctx, { userId: user.userId, chatroomId: params.id, change: body })
  return ok(presentChatroom(room, ctx.config.gemini.model))
}

export async function postFork(ctx: Context, input: UserInput<OneRoom & { body: Fork }>) {
  const { user, params, body, header, requestId } = input
  const key = readIdempotencyKey(header("idempotency-key"), { route: "fork", room: params.id, body })
  const fork = { userId: user.userId, chatroomId: params.id, messageId: body.messageId, requestId, key }
  const { room, replayed } = await forkChatroom(ctx, fork)
  const headers = { Location: `/chatroom/${room.id}`, ...replayHeaders(replayed) }
  return created(presentChatroom(room, ctx.config.gemini.model), headers)
}

/** Streams everything that happens in the chatroom as server-sent events. */
export async function streamChatroom(ctx: Context, { user, params, header, signal }: UserInput<OneRoom>) {
  const room = await findOwnChatroom(ctx, user.userId, params.id)
  const changes = followRoom(ctx, { chatroom: room, lastEventId: header("last-event-id"), signal })
  return events(ctx.streamLimit.open(user.userId, presentRoomEvents(ctx, changes)))
}

/** Streams the changes of the user's list of chatrooms as server-sent events. */
export async function streamRoomList(ctx: Context, { user, header, signal }: UserInput) {
  const { userId } = user
  const changes = await followRoomList(ctx, { userId, lastEventId: header("last-event-id"), signal })
  return events(ctx.streamLimit.open(userId, presentRoomListEvents(ctx, changes)))
}

export async function removeChatroom(ctx: Context, { user, params }: UserInput<OneRoom>) {
  await deleteChatroom(ctx, { userId: user.userId, chatroomId: params.id })
  return noContent()
}

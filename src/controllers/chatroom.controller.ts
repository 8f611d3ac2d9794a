import type { ChatroomChange, NewChatroom } from "../schemas/chat.ts"
import type { PageQuery } from "../schemas/common.ts"
import { changeChatroom as change } from "../services/chat/change-chatroom.ts"
import type { CachedList } from "../services/chat/chatroom-cache.ts"
import { createChatroom as create } from "../services/chat/create-chatroom.ts"
import { deleteChatroom as remove } from "../services/chat/delete-chatroom.ts"
import { findOwnChatroom } from "../services/chat/find-chatroom.ts"
import { getChatroom as find } from "../services/chat/get-chatroom.ts"
import { readChatroomList } from "../services/chat/read-chatroom-list.ts"
import type { Context } from "../services/context.ts"
import { followRoom } from "../services/generation/follow-room.ts"
import { whileOpen } from "../services/platform/streams.ts"
import { created, events, noContent, notModified, ok, type Reply, type UserInput } from "./endpoint.ts"
import { readIdempotencyKey, replayHeaders } from "./idempotency-key.ts"
import { nextLink } from "./page-link.ts"
import { presentChatroom } from "./presenters/chatroom.ts"
import { presentRoomEvents } from "./presenters/events.ts"
import { presentMessage } from "./presenters/message.ts"

type OneRoom = { params: { id: string } }

export async function createChatroom(
  ctx: Context,
  { user, body, header }: UserInput<{ body: NewChatroom }>,
): Promise<Reply> {
  const key = readIdempotencyKey(header("idempotency-key"), { route: "create-chatroom", body })
  const { room, replayed } = await create(ctx, { userId: user.userId, room: body, key })
  const presented = presentChatroom(room, ctx.config.gemini.model)
  return created(presented, { Location: `/chatroom/${room.id}`, ...replayHeaders(replayed) })
}

export async function listChatrooms(ctx: Context, input: UserInput<{ query: PageQuery }>): Promise<Reply> {
  const { user, query } = input
  const { list, fromCache } = await readChatroomList(ctx, { userId: user.userId, ...query }, (page) => ({
    body: JSON.stringify(page.items.map((room) => presentChatroom(room, ctx.config.gemini.model))),
    link: nextLink("/chatroom", query, page.next).Link ?? "",
  }))
  return reply(input, list, fromCache ? "HIT" : "MISS")
}

function reply({ header }: UserInput, { etag, link, body }: CachedList, cache: "HIT" | "MISS"): Reply {
  const headers: Record<string, string> = {
    ETag: etag,
    "X-Cache": cache,
    "Cache-Control": "private, no-cache",
  }
  if (link) headers.Link = link
  if (matches(header("if-none-match"), etag)) return notModified(headers)
  return { status: 200, headers, text: body, type: "application/json; charset=utf-8" }
}

/** RFC 9110 section 13.1.2: a list of tags or `*`, compared weakly. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag)
}

export async function getChatroom(
  ctx: Context,
  { user, params, query }: UserInput<OneRoom & { query: PageQuery }>,
): Promise<Reply> {
  const { room, messages } = await find(ctx, { userId: user.userId, chatroomId: params.id, ...query })
  const presented = {
    ...presentChatroom(room, ctx.config.gemini.model),
    messages: messages.items.map((message) => presentMessage(ctx, message)),
  }
  return ok(presented, nextLink(`/chatroom/${room.id}`, query, messages.next))
}

export async function changeChatroom(
  ctx: Context,
  { user, params, body }: UserInput<OneRoom & { body: ChatroomChange }>,
): Promise<Reply> {
  const room = await change(ctx, { userId: user.userId, chatroomId: params.id, change: body })
  return ok(presentChatroom(room, ctx.config.gemini.model))
}

/** Everything that happens in the room, as server-sent events. */
export async function followEvents(
  ctx: Context,
  { user, params, header, signal }: UserInput<OneRoom>,
): Promise<Reply> {
  const room = await findOwnChatroom(ctx, user.userId, params.id)
  const giveBack = ctx.streams.take(user.userId)
  const changes = followRoom(ctx, { chatroomId: room.id, lastEventId: header("last-event-id"), signal })
  return events(whileOpen(presentRoomEvents(ctx, changes), giveBack))
}

export async function deleteChatroom(ctx: Context, { user, params }: UserInput<OneRoom>): Promise<Reply> {
  await remove(ctx, { userId: user.userId, chatroomId: params.id })
  return noContent()
}

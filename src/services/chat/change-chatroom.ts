import { literal } from "sequelize"
import type { ChatroomModel, ChatroomRecord } from "../../models/chatroom.ts"
import { InvalidRequest, NotFound } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { toSettings, type WantedSettings } from "./chatroom-settings.ts"
import { findOwnChatroom } from "./find-chatroom.ts"
import { requireOffered } from "./offered-models.ts"
import { publishRoomChanged } from "./room-pubsub.ts"

export interface ChatroomChange extends WantedSettings {
  /** The reply whose branch becomes the active one. */
  headId?: string
}

/** Changes the given fields. @throws {NotFound | InvalidRequest} */
export async function changeChatroom(
  ctx: Context,
  { userId, chatroomId, change }: { userId: string; chatroomId: string; change: ChatroomChange },
): Promise<ChatroomRecord> {
  const found = await findOwnChatroom(ctx, userId, chatroomId)
  await requireOffered(ctx.db.pool, ctx.config.gemini, { userId, name: change.model })
  if (change.headId !== undefined) await requireReply(found, change.headId)
  const room = await update(ctx, userId, chatroomId, change)
  publishRoomChanged(ctx, chatroomId, userId)
  return room
}

/** A branch ends in a reply: what is posted next continues it. */
async function requireReply(room: ChatroomModel, id: string): Promise<void> {
  const found = await room.countMessages({ where: { userId: room.userId, id, role: "model" } })
  if (found === 0)
    throw new InvalidRequest([{ path: "body.headId", message: "must be a reply in this chatroom" }])
}

/** A room that is made temporary isn't erased at once, however old its last message is. */
function sinceNow({ temporary }: ChatroomChange) {
  return temporary
    ? { temporarySince: literal("CASE WHEN temporary THEN temporary_since ELSE now() END") }
    : {}
}

/** Decided by the update itself: the room may have been deleted since it was found. */
async function update(ctx: Context, userId: string, id: string, { headId, ...wanted }: ChatroomChange) {
  const moved = headId === undefined ? {} : { headId }
  const [, [room]] = await ctx.models.Chatroom.update(
    { ...toSettings(wanted), ...moved, ...sinceNow(wanted), updatedAt: new Date() },
    { where: { id, userId }, returning: true },
  )
  if (!room) throw new NotFound("chatroom")
  return room
}

import type { ChatroomModel } from "../../models/chatroom.ts"
import { NotFound } from "../../utils/errors.ts"
import type { Context } from "../context.ts"

export type { ChatroomRecord } from "../../models/chatroom.ts"

/** Names one room. */
export interface ChatroomKey {
  userId: string
  id: string
}

/** @throws {NotFound} for a stranger's room as for an unknown one */
export async function findOwnChatroom(
  ctx: Context,
  userId: string,
  chatroomId: string,
): Promise<ChatroomModel> {
  const room = await ctx.models.Chatroom.findOne({ where: { id: chatroomId, userId } })
  if (!room) throw new NotFound("chatroom")
  return room
}

import { CHATROOM_FIELDS, type ChatroomModel, type ChatroomRecord } from "../../models/chatroom.ts"
import { selectSql } from "../../models/columns.ts"
import { NotFound } from "../../utils/errors.ts"
import type { Context } from "../context.ts"

export type { ChatroomRecord }

/** Names one room. */
export interface ChatroomKey {
  userId: string
  id: string
}

/** A room with what its owner doesn't see. */
export type OwnChatroom = ChatroomRecord & Pick<ChatroomModel, "userId" | "activeReplyId" | "lastPosition">

/** @throws {NotFound} for a stranger's room as for an unknown one */
export async function findOwnChatroom(
  ctx: Context,
  userId: string,
  chatroomId: string,
): Promise<OwnChatroom> {
  const { rows } = await ctx.db.execute<OwnChatroom>("find-chatroom", FIND, [userId, chatroomId])
  const [room] = rows
  if (!room) throw new NotFound("chatroom")
  return room
}

/** Prepared, because every look at a room begins with it. */
const FIND = `
  SELECT ${selectSql([...CHATROOM_FIELDS, "userId", "activeReplyId", "lastPosition"], "chatrooms")} FROM chatrooms
  WHERE user_id = $1 AND id = $2`

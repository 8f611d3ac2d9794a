import type pg from "pg"
import type { ThinkingLevel } from "../../../models/chatroom.ts"
import { type Tier, tierSql } from "../../../models/user.ts"
import { NotFound } from "../../../utils/errors.ts"
import { answeringModelSql, answeringModelValues } from "../../chat/offered-models.ts"
import { dailyLimitSql } from "../../usage/quota.ts"
import type { Settings } from "./insert-prompt-and-reply.ts"

/** A room that this transaction has locked, with what a reply in it is made with. */
export interface LockedRoom {
  userId: string
  id: string
  headId: string | null
  activeReplyId: string | null
  lastPosition: number
  thinking: ThinkingLevel | null
  /** The wanted model, where the user may choose it; otherwise the one that answers in the room. */
  model: string
  tier: Tier
  dailyLimit: number | null
}

export interface RoomToLock {
  userId: string
  chatroomId: string
  /** A wanted model. */
  model?: string | null
  /** What a request is about that finds no room. */
  what?: "chatroom" | "message"
}

/**
 * Locks a room of the user's. Whatever changes the tree of a room, its head or its active reply holds this lock, so what
 * the transaction's next statements read of them is the newest and stays so.
 * @throws {NotFound}
 */
export async function lockRoom(
  client: pg.ClientBase,
  { config: { plans, gemini } }: Pick<Settings, "config">,
  { userId, chatroomId, model = null, what = "chatroom" }: RoomToLock,
): Promise<LockedRoom> {
  const { rows } = await client.query<LockedRoom>({
    name: "lock-own-room",
    text: LOCK,
    values: [
      userId,
      chatroomId,
      plans.basicDailyPrompts,
      plans.proDailyPrompts,
      ...answeringModelValues(gemini),
      model,
    ],
  })
  if (!rows[0]) throw new NotFound(what)
  return rows[0]
}

const MODELS = ["$5", "$6", "$7"] as const

const LOCK = `
  SELECT c.user_id AS "userId", c.id, c.head_id AS "headId", c.active_reply_id AS "activeReplyId",
    c.last_position AS "lastPosition", c.thinking, ${tierSql("u")} AS tier,
    ${dailyLimitSql("u", "$3", "$4")} AS "dailyLimit",
    CASE ${answeringModelSql("wanted", "u", MODELS)} WHEN wanted.model THEN wanted.model
      ELSE ${answeringModelSql("c", "u", MODELS)} END AS model
  FROM chatrooms AS c JOIN users AS u ON u.id = c.user_id CROSS JOIN (SELECT $8::text AS model) AS wanted
  WHERE c.user_id = $1 AND c.id = $2 AND u.suspended_at IS NULL AND u.deleted_at IS NULL
  FOR UPDATE OF c`

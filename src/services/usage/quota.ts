import type pg from "pg"

/** Prompts a day, null for no limit, of each plan. */
export interface DailyLimits {
  basicDailyPrompts: number
  proDailyPrompts: number | null
}

/** Today, as every part of the quota means it: the UTC day by the database's clock. */
export const TODAY_SQL = "(now() AT TIME ZONE 'UTC')::date"

/** When `TODAY_SQL`'s day ends. */
export const RESETS_AT_SQL = `((${TODAY_SQL} + 1)::timestamp AT TIME ZONE 'UTC')`

/**
 * Gives a failed reply's unit back to the day that paid for it. Clearing the day on the reply in the same statement
 * makes it happen once, however often it is asked for.
 */
export async function giveBackPrompt(client: pg.ClientBase, userId: string, replyId: string): Promise<void> {
  await client.query({ name: "give-back-prompt", text: GIVE_BACK, values: [userId, replyId] })
}

const GIVE_BACK = `
  WITH charged AS (
    UPDATE messages AS m SET charged_on = NULL
    FROM (SELECT id, charged_on FROM messages WHERE id = $2 AND charged_on IS NOT NULL FOR UPDATE) AS before
    WHERE m.id = before.id
    RETURNING before.charged_on AS day
  )
  UPDATE usage_counters AS u SET used = u.used - 1 FROM charged WHERE u.user_id = $1 AND u.day = charged.day`

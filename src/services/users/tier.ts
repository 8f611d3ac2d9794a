/** Whether a user is Pro now, by their `pro_until`: on the database's clock, so that it ends by itself. */
export const IS_PRO_SQL = (proUntil: string) => `coalesce(${proUntil} > billing_now(), false)`

/** The tier of the same. */
export const TIER_SQL = (proUntil: string) => `CASE WHEN ${IS_PRO_SQL(proUntil)} THEN 'pro' ELSE 'basic' END`

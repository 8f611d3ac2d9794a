import type pg from "pg"
import { DAY } from "../../src/utils/time.ts"

/**
 * Sets the clock that calendar questions go by, in this database. A date makes it stand still there; a text such as
 * `5 minutes` puts it that far ahead of the real one, or behind.
 */
export async function setAppNow(pool: pg.Pool, time: Date | string): Promise<void> {
  const now = typeof time === "string" ? `now() + interval '${time}'` : `timestamptz '${time.toISOString()}'`
  await pool.query(
    `CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql STABLE RETURN ${now}`,
  )
}

/**
 * Puts that clock to noon of the same day, ahead or behind, so that the day doesn't end in the middle of a test; it goes
 * on from there.
 */
export async function setNoon(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ ahead: string }>(
    `SELECT extract(epoch FROM date_trunc('day', now(), 'UTC') + interval '12 hours' - now()) AS ahead`,
  )
  await setAppNow(pool, `${rows[0]?.ahead} seconds`)
}

/** The end of today in UTC. Set far ahead, the clock would end the sessions of an app's users. */
export function nextMidnight(): Date {
  return new Date(Math.ceil(Date.now() / DAY) * DAY)
}

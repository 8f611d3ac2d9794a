import type pg from "pg"

type Db = pg.Pool | pg.ClientBase

/** Something that is counted up to `limit` within a window. */
export interface Counter {
  /** Names the rule; a caller counts at most one counter of each. */
  scope: string
  key: string
  limit: number
  windowMs: number
  /** `clock`: windows follow one another from midnight UTC on. `first`: a window begins with what is counted first. */
  from: "clock" | "first"
}

/**
 * Counts one unit on each of `counters`, on the database's clock. Exact however many processes count at once. A
 * transaction that counts several takes their rows in the given order, so that none waits in a circle.
 * @returns false when one of them is used up: the transaction is to be rolled back
 */
export async function countUnit(db: Db, counters: readonly Counter[]): Promise<boolean> {
  const { rowCount } = await (db as pg.Pool).query({
    name: "count-unit",
    text: COUNT,
    values: [
      counters.map(({ scope }) => scope),
      counters.map(({ key }) => key),
      counters.map(({ limit }) => limit),
      counters.map(({ windowMs }) => windowMs),
      counters.map(({ from }) => from === "clock"),
    ],
  })
  return rowCount === counters.length
}

const COUNT = `
  INSERT INTO counters AS counter (scope, key, ends_at)
  SELECT unit.scope, unit.key, length + CASE WHEN unit.by_clock
    THEN date_bin(length, app_now(), '1970-01-01T00:00:00Z') ELSE app_now() END
  FROM unnest($1::text[], $2::text[], $4::float8[], $5::boolean[])
      WITH ORDINALITY AS unit (scope, key, window_ms, by_clock, place),
    LATERAL (SELECT unit.window_ms * interval '1 millisecond' AS length) AS own
  ORDER BY unit.place
  ON CONFLICT (scope, key) DO UPDATE SET
    used = CASE WHEN counter.ends_at <= app_now() THEN 1 ELSE counter.used + 1 END,
    ends_at = CASE WHEN counter.ends_at <= app_now() THEN excluded.ends_at ELSE counter.ends_at END
  WHERE counter.ends_at <= app_now() OR counter.used < ($3::int[])[array_position($1::text[], counter.scope)]
  RETURNING scope`

/** Takes back a unit of each, as far as there is one. */
export async function uncountUnit(db: Db, counters: readonly Counter[]): Promise<void> {
  await (db as pg.Pool).query({
    name: "uncount-unit",
    text: UNCOUNT,
    values: [counters.map(({ scope }) => scope), counters.map(({ key }) => key)],
  })
}

const UNCOUNT = `
  UPDATE counters SET used = counters.used - 1
  FROM (
    SELECT unit.scope, unit.key FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS unit (scope, key, place)
    JOIN counters USING (scope, key)
    ORDER BY unit.place FOR UPDATE OF counters
  ) AS mine
  WHERE counters.scope = mine.scope AND counters.key = mine.key AND counters.used > 0`

/** Returns for how long the used up ones of `counters` stay so. */
export async function secondsUntilFree(db: Db, counters: readonly Counter[]): Promise<number> {
  const { rows } = await (db as pg.Pool).query<{ seconds: number | null }>({
    name: "seconds-until-free",
    text: SECONDS,
    values: [
      counters.map(({ scope }) => scope),
      counters.map(({ key }) => key),
      counters.map(({ limit }) => limit),
    ],
  })
  return rows[0]?.seconds ?? 1
}

const SECONDS = `
  SELECT max(extract(epoch FROM ends_at - app_now()))::float8 AS seconds
  FROM unnest($1::text[], $2::text[], $3::int[]) AS unit (scope, key, allowed)
  JOIN counters USING (scope, key)
  WHERE counters.used >= unit.allowed`

import type pg from "pg"

type Db = pg.Pool | pg.ClientBase

/** A count with a limit within a time window. */
export interface Counter {
  /** Names the rule. One call counts at most one counter per scope. */
  scope: string
  key: string
  limit: number
  /** What one call counts: 1 by default. With 0 it is refused at the limit like any other, but uses nothing up. */
  units?: 0 | 1
  windowMs: number
  /** `clock`: windows are aligned to midnight UTC. `first`: a window begins with its first unit. */
  from: "clock" | "first"
}

/**
 * Counts a unit on each of `counters` by the database's clock, exactly, however many processes count at once. A
 * transaction locks the rows in the given order, so that no deadlock occurs.
 * @returns false when a limit is reached; the caller must roll back the transaction
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
      counters.map(({ units = 1 }) => units),
    ],
  })
  return rowCount === counters.length
}

const COUNT = `
  INSERT INTO counters AS counter (scope, key, used, ends_at)
  SELECT unit.scope, unit.key, unit.units, length + CASE WHEN unit.by_clock
    THEN date_bin(length, app_now(), '1970-01-01T00:00:00Z') ELSE app_now() END
  FROM unnest($1::text[], $2::text[], $4::float8[], $5::boolean[], $6::int[])
      WITH ORDINALITY AS unit (scope, key, window_ms, by_clock, units, rank),
    LATERAL (SELECT unit.window_ms * interval '1 millisecond' AS length) AS own
  ORDER BY unit.rank
  ON CONFLICT (scope, key) DO UPDATE SET
    used = CASE WHEN counter.ends_at <= app_now() THEN 0 ELSE counter.used END + excluded.used,
    ends_at = CASE WHEN counter.ends_at <= app_now() THEN excluded.ends_at ELSE counter.ends_at END
  WHERE counter.ends_at <= app_now() OR counter.used < ($3::int[])[array_position($1::text[], counter.scope)]
  RETURNING scope`

/** Takes back one unit of each counter that has any. */
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
    SELECT unit.scope, unit.key FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS unit (scope, key, rank)
    JOIN counters USING (scope, key)
    ORDER BY unit.rank FOR UPDATE OF counters
  ) AS mine
  WHERE counters.scope = mine.scope AND counters.key = mine.key AND counters.used > 0`

/** Returns the seconds until every exhausted counter is free again. */
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

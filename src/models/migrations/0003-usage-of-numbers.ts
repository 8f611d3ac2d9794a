import type pg from "pg"

/**
 * The day's use of a number outlives its account, so that deleting and signing up again doesn't begin the quota anew:
 * under a keyed hash, until the day ends. Units that failed prompts get back are counted, so that they can be limited.
 */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // given_back: units returned for prompts that failed by their own content. closed: the account is deleted, and no
  // more is charged.
  `ALTER TABLE usage_counters
    ADD COLUMN given_back integer NOT NULL DEFAULT 0 CHECK (given_back >= 0),
    ADD COLUMN closed boolean NOT NULL DEFAULT false`,

  // No user's id: nothing in it leads to an account.
  `CREATE TABLE usage_of_numbers (
    number_hash bytea NOT NULL,
    day date NOT NULL,
    used integer NOT NULL CHECK (used >= 0),
    given_back integer NOT NULL CHECK (given_back >= 0),
    PRIMARY KEY (number_hash, day)
  )`,
  "CREATE INDEX usage_of_numbers_day ON usage_of_numbers (day)",

  // Begins a new account's day with what its number has used. Volatile, so that it sees what was committed while the
  // statement that creates the account waited for the number.
  `CREATE FUNCTION begin_usage(new_user uuid, hashes bytea[]) RETURNS void LANGUAGE sql VOLATILE AS $$
    INSERT INTO usage_counters (user_id, day, used, given_back)
    SELECT new_user, day, max(used), max(given_back) FROM usage_of_numbers
    WHERE number_hash = ANY (hashes) AND day = (app_now() AT TIME ZONE 'UTC')::date
    GROUP BY day
    ON CONFLICT (user_id, day) DO NOTHING
  $$`,

  // Models that a worker can't call now, with the time until it can.
  "ALTER TABLE workers ADD COLUMN cooldowns jsonb NOT NULL DEFAULT '{}'",
]

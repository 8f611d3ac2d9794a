import type pg from "pg"

/** Counts the replies of a day that use Google's tools, like its prompts, and keeps what a reply was made without. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const COUNTS = `
    ADD COLUMN web_searches integer NOT NULL DEFAULT 0 CHECK (web_searches >= 0),
    ADD COLUMN url_contexts integer NOT NULL DEFAULT 0 CHECK (url_contexts >= 0)`

const STATEMENTS = [
  `ALTER TABLE usage_counters ${COUNTS}`,
  `ALTER TABLE usage_of_numbers ${COUNTS}`,

  `CREATE OR REPLACE FUNCTION begin_usage(new_user uuid, hashes bytea[]) RETURNS void LANGUAGE sql VOLATILE AS $$
    INSERT INTO usage_counters (user_id, day, used, given_back, web_searches, url_contexts)
    SELECT new_user, day, max(used), max(given_back), max(web_searches), max(url_contexts) FROM usage_of_numbers
    WHERE number_hash = ANY (hashes) AND day = (app_now() AT TIME ZONE 'UTC')::date
    GROUP BY day
    ON CONFLICT (user_id, day) DO NOTHING
  $$`,

  // …_on: the day whose quota pays for the reply's use of the tool. notices: codes.
  `ALTER TABLE messages
    ADD COLUMN web_search_on date,
    ADD COLUMN url_context_on date,
    ADD COLUMN notices jsonb NOT NULL DEFAULT '[]'`,
]

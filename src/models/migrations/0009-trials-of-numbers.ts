import type pg from "pg"

/** The numbers of deleted accounts that had a subscription, so that signing up again doesn't begin another trial. */
export async function up(client: pg.ClientBase): Promise<void> {
  await client.query(`CREATE TABLE trials_of_numbers (
    number_hash bytea PRIMARY KEY,
    kept_at timestamptz(3) NOT NULL DEFAULT app_now()
  )`)
  await client.query("CREATE INDEX trials_of_numbers_kept_at ON trials_of_numbers (kept_at)")
}

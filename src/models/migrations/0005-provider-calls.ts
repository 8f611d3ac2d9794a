import type pg from "pg"

/** Calls to the provider by minute, for a limit that all workers keep together. */
export async function up(client: pg.ClientBase): Promise<void> {
  await client.query(
    "CREATE TABLE provider_calls (minute timestamptz(3) PRIMARY KEY, used integer NOT NULL CHECK (used > 0))",
  )
}

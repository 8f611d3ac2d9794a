import type pg from "pg"

/**
 * What lets PostgreSQL renew a lease within the row's page, without a new entry in each of the table's indexes (a HOT
 * update): a column of its own, that no index names, and room in the page.
 */
export async function up(client: pg.ClientBase): Promise<void> {
  await client.query("ALTER TABLE messages ADD COLUMN renewed_until timestamptz")
  await client.query("ALTER TABLE messages SET (fillfactor = 75)")
}

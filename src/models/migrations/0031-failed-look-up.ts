import type pg from "pg"

/**
 * No index depends on the status of a message any more, so that a claim, which changes it, is written within the row's page
 * and without a new entry in each of the table's indexes (a HOT update). Failed replies have a code (0001's constraint).
 */
export async function up(client: pg.ClientBase): Promise<void> {
  await client.query("DROP INDEX messages_failed_id")
  await client.query("CREATE INDEX messages_failed_id ON messages (id) WHERE error_code IS NOT NULL")
}

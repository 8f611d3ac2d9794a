import type pg from "pg"

/** What a provider's answer may hold beside its text, and what a user is told where the error's code doesn't say it. */
export async function up(client: pg.ClientBase): Promise<void> {
  await client.query(`
    ALTER TABLE messages
      ADD COLUMN error_message text,
      ADD COLUMN cached_tokens integer,
      ADD COLUMN citations jsonb NOT NULL DEFAULT '[]'`)
}

import type pg from "pg"

/** Ratings are counted from their indexes alone: one that names the model only would have each rated reply read. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  "CREATE INDEX messages_rated_up ON messages (model) WHERE feedback ->> 'rating' = 'up' AND NOT is_copy",
  "CREATE INDEX messages_rated_down ON messages (model) WHERE feedback ->> 'rating' = 'down' AND NOT is_copy",
  "DROP INDEX messages_rated",
]

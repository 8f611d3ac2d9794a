import type pg from "pg"

/** Since when a reply has found every model resting, whenever it looked; null once it was about to call one. */
export async function up(client: pg.ClientBase): Promise<void> {
  await client.query("ALTER TABLE messages ADD COLUMN cooling_down_since timestamptz(3)")
}

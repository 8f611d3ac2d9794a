import type pg from "pg"

/**
 * Lets a statement that counts refuse itself: what it has written is undone with it, and no lock outlives it for the
 * time of an answer and a ROLLBACK. LIMIT is a SQLSTATE of our own.
 */
export async function up(client: pg.ClientBase): Promise<void> {
  await client.query(`CREATE FUNCTION over_limit() RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'over a limit' USING ERRCODE = 'LIMIT';
  END $$`)
}

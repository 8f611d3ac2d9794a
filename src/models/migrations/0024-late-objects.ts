import type pg from "pg"

/**
 * An upload that was given up may still arrive at the object store: a request that this side has ended, the other side
 * may have whole. So its object is deleted once that is over, and not before it is there.
 */
export async function up(client: pg.ClientBase): Promise<void> {
  await client.query(`
    CREATE OR REPLACE FUNCTION attachment_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE attachment_usage SET bytes = bytes - OLD.bytes WHERE user_id = OLD.user_id;
      IF OLD.object_key IS NOT NULL THEN
        INSERT INTO attachment_garbage (place, key, next_try_at) VALUES ('objects', OLD.object_key,
          CASE WHEN OLD.ready_at IS NULL THEN now() + interval '5 minutes' ELSE now() END) ON CONFLICT DO NOTHING;
      END IF;
      IF OLD.file_name IS NOT NULL THEN
        INSERT INTO attachment_garbage (place, key) VALUES ('provider', OLD.file_name) ON CONFLICT DO NOTHING;
      END IF;
      RETURN NULL;
    END $$`)
}

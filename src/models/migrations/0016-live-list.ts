import type pg from "pg"

/**
 * Chatrooms that were deleted recently, for clients that follow their list and were away meanwhile; and codes that prove
 * a new mobile number.
 */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // Ids alone, for a day.
  `CREATE TABLE deleted_chatrooms (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    deleted_at timestamptz(3) NOT NULL DEFAULT app_now(),
    PRIMARY KEY (user_id, id)
  )`,
  "CREATE INDEX deleted_chatrooms_deleted_at ON deleted_chatrooms (deleted_at)",

  // As in 0008. Of a user who is deleted, or goes in the same statement, nothing is kept.
  `CREATE OR REPLACE FUNCTION renew_chatroom_lists_left() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    owner uuid;
  BEGIN
    FOR owner IN SELECT DISTINCT user_id FROM changed ORDER BY user_id LOOP
      UPDATE chatroom_lists SET version = gen_random_uuid() WHERE user_id = owner;
    END LOOP;
    INSERT INTO deleted_chatrooms (user_id, id)
    SELECT changed.user_id, changed.id FROM changed JOIN users ON users.id = changed.user_id
    WHERE users.deleted_at IS NULL ORDER BY changed.user_id, changed.id
    ON CONFLICT (user_id, id) DO UPDATE SET deleted_at = excluded.deleted_at;
    RETURN NULL;
  END $$`,

  "ALTER TABLE one_time_codes DROP CONSTRAINT one_time_codes_purpose_check",
  `ALTER TABLE one_time_codes ADD CONSTRAINT one_time_codes_purpose_check
    CHECK (purpose IN ('login', 'password_reset', 'mobile_number'))`,
]

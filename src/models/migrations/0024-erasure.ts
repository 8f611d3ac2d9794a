import type pg from "pg"

/** What erasure has to reach beside the rows of a user. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // An upload that was given up may still arrive at the object store: a request that this side has ended, the other side
  // may have whole. So its object is deleted once that is over, and not before it is there.
  `CREATE OR REPLACE FUNCTION attachment_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
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
  END $$`,

  // What a first request has returned holds the texts of its room. Once the room is gone only the key stays, so that a
  // late repetition makes nothing anew.
  "ALTER TABLE idempotency_keys ADD COLUMN chatroom_id uuid",
  `UPDATE idempotency_keys SET chatroom_id = coalesce(result #>> '{prompt,chatroomId}', result ->> 'chatroomId', result ->> 'id')::uuid`,
  "CREATE INDEX idempotency_keys_chatroom ON idempotency_keys (user_id, chatroom_id) WHERE chatroom_id IS NOT NULL",
  `CREATE FUNCTION forget_results() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE idempotency_keys AS k SET result = NULL FROM gone
    WHERE k.user_id = gone.user_id AND k.chatroom_id = gone.id;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER forget_results AFTER DELETE ON chatrooms
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_results()`,

  // Who has asked for a code to a number that isn't theirs.
  "ALTER TABLE one_time_codes ADD COLUMN user_id uuid",
  "CREATE INDEX one_time_codes_user_id ON one_time_codes (user_id) WHERE user_id IS NOT NULL",
]

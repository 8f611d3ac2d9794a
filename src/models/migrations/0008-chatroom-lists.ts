import type pg from "pg"

/**
 * What a user's list of chatrooms is now: every statement that changes chatrooms gives their users' lists another
 * version, in the same transaction, whichever program sends it. A cached list names the version that it was made of, so
 * a cache that forgot a write, or came back with old content, is known by it. Versions are random: after a failover that
 * lost the last transactions, none comes again for other content.
 */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

/** Users in the order of their ids, so that no two statements wait for one another. */
const RENEW = `
  INSERT INTO chatroom_lists (user_id, version)
  SELECT user_id, gen_random_uuid() FROM (SELECT DISTINCT user_id FROM changed ORDER BY user_id) AS users
  ON CONFLICT (user_id) DO UPDATE SET version = excluded.version`

const STATEMENTS = [
  // Each row is updated in place again and again; the room on its page keeps that off the index.
  `CREATE TABLE chatroom_lists (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    version uuid NOT NULL
  ) WITH (fillfactor = 50)`,
  `CREATE FUNCTION renew_chatroom_lists() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    ${RENEW};
    RETURN NULL;
  END $$`,
  // By itself, because a user that is deleted takes chatrooms and list along: there is none to insert.
  `CREATE FUNCTION renew_chatroom_lists_left() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    owner uuid;
  BEGIN
    FOR owner IN SELECT DISTINCT user_id FROM changed ORDER BY user_id LOOP
      UPDATE chatroom_lists SET version = gen_random_uuid() WHERE user_id = owner;
    END LOOP;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER chatrooms_inserted AFTER INSERT ON chatrooms REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION renew_chatroom_lists()`,
  `CREATE TRIGGER chatrooms_updated AFTER UPDATE ON chatrooms REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION renew_chatroom_lists()`,
  `CREATE TRIGGER chatrooms_deleted AFTER DELETE ON chatrooms REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION renew_chatroom_lists_left()`,
  "INSERT INTO chatroom_lists (user_id, version) SELECT DISTINCT user_id, gen_random_uuid() FROM chatrooms",
]

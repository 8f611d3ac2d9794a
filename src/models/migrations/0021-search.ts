import type pg from "pg"

/**
 * The index of what users search: their messages and the names of their rooms. Triggers note what has changed, in the
 * transaction that changes it, and workers index that a moment later: no prompt or reply waits for it. What is deleted
 * leaves the index in the transaction that deletes it.
 *
 * One GIN index holds everything, so each of its entries begins with the part of the index that it is in: 1,024 texts of
 * one user. A search looks at a user's parts from the newest down until it has enough. So it never reads another user's
 * entries, and words that are in all of a user's texts cost no more than rare ones.
 */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const PART = 1_024

const STATEMENTS = [
  // documents: how many texts were indexed, ever. key: what the entries of the user's parts begin with, for it is short.
  `CREATE TABLE search_users (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    key bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    documents bigint NOT NULL DEFAULT 0
  ) WITH (fillfactor = 50)`,

  // id: of a message, or of a room, for its name. n: its place among its user's texts, as they were indexed. Of the
  // indexes the primary key alone begins with user_id; the other one does by the entries' key.
  `CREATE TABLE search_documents (
    user_id uuid NOT NULL,
    id uuid NOT NULL,
    n bigint NOT NULL,
    entries tsvector NOT NULL,
    PRIMARY KEY (user_id, id)
  ) WITH (toast_tuple_target = 128)`,
  // Apart from its row, so that finding many texts reads few pages.
  "ALTER TABLE search_documents ALTER COLUMN entries SET STORAGE EXTERNAL",
  // Without the list of pending entries, which every search would read. Workers write, and nobody waits for them.
  "CREATE INDEX search_documents_entries ON search_documents USING gin (entries) WITH (fastupdate = off)",

  // What is to be indexed: a message, or the name of a room.
  `CREATE TABLE search_queue (
    user_id uuid NOT NULL,
    n bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    chatroom_id uuid NOT NULL,
    message_id uuid,
    PRIMARY KEY (user_id, n)
  )`,

  `CREATE FUNCTION search_part(key bigint, n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT to_hex(key) || '.' || to_hex(n / ${PART}) || ':'
  $$`,

  // The newest \`most\` texts below \`before\` that match, down to \`down_to\`; and a row without an id, whose n says down
  // to where it has looked: at \`parts\` parts at the most. The condition on the user can't be looked up, for PostgreSQL
  // would do that, and read all that the user has.
  `CREATE FUNCTION search_matches(owner uuid, query text, before bigint, down_to bigint, most integer, parts integer)
  RETURNS TABLE (id uuid, n bigint, score integer) LANGUAGE plpgsql STABLE AS $$
  DECLARE
    account search_users;
    top bigint;
    part bigint;
    wanted tsquery;
    missing integer := most;
    seen integer;
  BEGIN
    SELECT * INTO account FROM search_users AS u WHERE u.user_id = owner;
    top := least(before, coalesce(account.documents, 0));
    WHILE top > down_to AND missing > 0 AND parts > 0 LOOP
      wanted := replace(query, '#', search_part(account.key, top - 1))::tsquery;
      part := (top - 1) / ${PART} * ${PART};
      RETURN QUERY
        SELECT found.id, found.n,
          (ts_rank('{0.4, 0.4, 0.4, 1}', found.entries, wanted, 1) * 1000000)::integer
        FROM (
          SELECT d.id, d.n, d.entries FROM search_documents AS d
          WHERE d.entries @@ wanted AND d.user_id IS NOT DISTINCT FROM owner AND d.n < top AND d.n >= down_to
          ORDER BY d.n DESC LIMIT missing
        ) AS found;
      GET DIAGNOSTICS seen = ROW_COUNT;
      missing := missing - seen;
      top := part;
      parts := parts - 1;
    END LOOP;
    id := NULL;
    n := greatest(coalesce(top, 0), down_to);
    score := NULL;
    RETURN NEXT;
  END $$`,

  // Replies in flight are noted when they end. Names that nobody gave aren't searched.
  `CREATE FUNCTION note_message_to_index() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO search_queue (user_id, chatroom_id, message_id) VALUES (NEW.user_id, NEW.chatroom_id, NEW.id);
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER message_added_to_index AFTER INSERT ON messages FOR EACH ROW
    WHEN (NEW.completed_at IS NOT NULL AND NEW.content <> '') EXECUTE FUNCTION note_message_to_index()`,
  `CREATE TRIGGER message_changed_to_index AFTER UPDATE OF content, completed_at ON messages FOR EACH ROW
    WHEN (NEW.completed_at IS DISTINCT FROM OLD.completed_at
      OR (NEW.completed_at IS NOT NULL AND NEW.content <> OLD.content))
    EXECUTE FUNCTION note_message_to_index()`,

  `CREATE FUNCTION note_chatroom_to_index() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO search_queue (user_id, chatroom_id) VALUES (NEW.user_id, NEW.id);
    IF TG_OP = 'UPDATE' AND NEW.temporary <> OLD.temporary THEN
      INSERT INTO search_queue (user_id, chatroom_id, message_id)
      SELECT user_id, chatroom_id, id FROM messages WHERE chatroom_id = NEW.id AND user_id = NEW.user_id;
    END IF;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER chatroom_added_to_index AFTER INSERT ON chatrooms FOR EACH ROW
    WHEN (NEW.name_by <> 'default' AND NOT NEW.temporary) EXECUTE FUNCTION note_chatroom_to_index()`,
  `CREATE TRIGGER chatroom_changed_to_index AFTER UPDATE OF name, name_by, temporary ON chatrooms FOR EACH ROW
    WHEN (NEW.name <> OLD.name OR NEW.name_by <> OLD.name_by OR NEW.temporary <> OLD.temporary)
    EXECUTE FUNCTION note_chatroom_to_index()`,

  // By the primary key, row for row, whatever PostgreSQL takes the number of rows for.
  `CREATE FUNCTION leave_index() RETURNS trigger LANGUAGE plpgsql
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
  BEGIN
    DELETE FROM search_documents AS d USING gone WHERE d.user_id = gone.user_id AND d.id = gone.id;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER messages_leave_index AFTER DELETE ON messages REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION leave_index()`,
  `CREATE TRIGGER chatrooms_leave_index AFTER DELETE ON chatrooms REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION leave_index()`,
  // A worker may be about to index a name that it read before: it looks once more.
  `CREATE FUNCTION note_chatrooms_gone() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO search_queue (user_id, chatroom_id) SELECT user_id, id FROM gone;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER chatrooms_noted_when_gone AFTER DELETE ON chatrooms REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_chatrooms_gone()`,
  // The last word on a user: a worker that indexes something of theirs has locked them until it is there.
  `CREATE FUNCTION users_leave_index() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    DELETE FROM search_documents WHERE user_id = OLD.id;
    DELETE FROM search_queue WHERE user_id = OLD.id;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER users_leave_index AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION users_leave_index()`,

  `INSERT INTO search_queue (user_id, chatroom_id) SELECT user_id, id FROM chatrooms
   WHERE name_by <> 'default' AND NOT temporary`,
  `INSERT INTO search_queue (user_id, chatroom_id, message_id)
   SELECT user_id, chatroom_id, id FROM messages WHERE completed_at IS NOT NULL AND content <> '' ORDER BY id`,
]

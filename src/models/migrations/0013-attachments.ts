import type pg from "pg"

/**
 * Files that users upload and messages name. What a message shows of them is in `messages.attachments`;
 * `message_attachments` counts who needs a file, kept by triggers on `messages`, so that every way to write or delete a
 * message is right: sends, copies, rooms, cascades.
 *
 * Naming a file locks its row FOR KEY SHARE (the foreign key does), deleting it FOR UPDATE. So both may happen at any
 * time, any number of messages may name it at once, and no order of locks is needed: messages never update the file's
 * row. What they let go of is queued in `attachment_releases`.
 */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // What all files of a user take, the unfinished ones included. A row of its own, so that uploads of a user meet here.
  `CREATE TABLE attachment_usage (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    bytes bigint NOT NULL DEFAULT 0 CHECK (bytes >= 0)
  )`,

  // expires_at: when the file goes unless a message names it; null while one does, as far as is known. object_key: in
  // the object store, from before it is written there; the chunks are then gone. read_as: the type that a model gets.
  // file_*: the copy in the provider's Files API.
  `CREATE TABLE attachments (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    type text NOT NULL,
    read_as text NOT NULL,
    bytes bigint NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    width integer CHECK (width > 0),
    height integer CHECK (height > 0),
    pages integer CHECK (pages > 0),
    object_key text,
    file_name text,
    file_uri text,
    file_expires_at timestamptz(3),
    created_at timestamptz(3) NOT NULL DEFAULT app_now(),
    ready_at timestamptz(3),
    expires_at timestamptz(3),
    PRIMARY KEY (user_id, id)
  )`,
  "CREATE INDEX attachments_expires_at ON attachments (expires_at) WHERE expires_at IS NOT NULL",

  `CREATE TABLE attachment_chunks (
    user_id uuid NOT NULL,
    attachment_id uuid NOT NULL,
    n integer NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (user_id, attachment_id, n),
    FOREIGN KEY (user_id, attachment_id) REFERENCES attachments (user_id, id) ON DELETE CASCADE
  )`,
  // Images and PDFs don't become smaller, and a chunk is read whole.
  "ALTER TABLE attachment_chunks ALTER COLUMN data SET STORAGE EXTERNAL",

  `CREATE TABLE message_attachments (
    user_id uuid NOT NULL,
    attachment_id uuid NOT NULL,
    message_id uuid NOT NULL,
    PRIMARY KEY (user_id, attachment_id, message_id),
    FOREIGN KEY (user_id, attachment_id) REFERENCES attachments (user_id, id)
  )`,

  `CREATE TABLE attachment_releases (
    user_id uuid NOT NULL,
    attachment_id uuid NOT NULL
  )`,

  // Copies elsewhere whose file is gone: objects of the object store, files of the provider.
  `CREATE TABLE attachment_garbage (
    place text NOT NULL CHECK (place IN ('objects', 'provider')),
    key text NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    next_try_at timestamptz(3) NOT NULL DEFAULT now(),
    PRIMARY KEY (place, key)
  )`,
  "CREATE INDEX attachment_garbage_next_try_at ON attachment_garbage (next_try_at)",

  // Locks the file before its user's usage, as the trigger for deleted files does.
  `CREATE FUNCTION store_attachment_chunk(owner uuid, file uuid, number integer, content bytea, most bigint)
  RETURNS text LANGUAGE plpgsql AS $$
  DECLARE size bigint := octet_length(content);
  BEGIN
    PERFORM FROM attachments WHERE user_id = owner AND id = file AND ready_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN RETURN 'gone'; END IF;
    UPDATE attachment_usage SET bytes = bytes + size WHERE user_id = owner AND bytes + size <= most;
    IF NOT FOUND THEN RETURN 'full'; END IF;
    UPDATE attachments SET bytes = bytes + size WHERE user_id = owner AND id = file;
    INSERT INTO attachment_chunks (user_id, attachment_id, n, data) VALUES (owner, file, number, content);
    RETURN 'stored';
  END $$`,

  `CREATE FUNCTION attachment_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE attachment_usage SET bytes = bytes - OLD.bytes WHERE user_id = OLD.user_id;
    IF OLD.object_key IS NOT NULL THEN
      INSERT INTO attachment_garbage (place, key) VALUES ('objects', OLD.object_key) ON CONFLICT DO NOTHING;
    END IF;
    IF OLD.file_name IS NOT NULL THEN
      INSERT INTO attachment_garbage (place, key) VALUES ('provider', OLD.file_name) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER attachment_deleted AFTER DELETE ON attachments
    FOR EACH ROW EXECUTE FUNCTION attachment_deleted()`,

  // What a message may name, as it will show it. Locked against deletion until the message is committed. An empty
  // array where one is missing, unfinished or another user's; null where the model reads one of them not.
  `CREATE FUNCTION take_attachments(owner uuid, ids uuid[], readable jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE found jsonb; taken integer; is_readable boolean;
  BEGIN
    SELECT count(*), coalesce(bool_and(readable ? a.read_as), true),
      jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', a.id, 'name', a.name, 'type', a.type, 'bytes', a.bytes,
        'width', a.width, 'height', a.height, 'pages', a.pages)) ORDER BY array_position(ids, a.id))
    INTO taken, is_readable, found
    FROM (
      SELECT * FROM attachments WHERE user_id = owner AND id = ANY (ids) AND ready_at IS NOT NULL FOR KEY SHARE
    ) AS a;
    IF taken <> cardinality(ids) THEN RETURN '[]'; END IF;
    RETURN CASE WHEN is_readable THEN found END;
  END $$`,

  // What files may cost of a call's tokens, on the safe side: an image 1,120 and a page of a PDF 560, as Gemini 3 counts
  // them (https://ai.google.dev/gemini-api/docs/media-resolution), a token for three bytes of text.
  `CREATE FUNCTION attachment_tokens(files jsonb) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(sum(CASE
      WHEN file ->> 'type' LIKE 'image/%' THEN 1120
      WHEN file ->> 'type' = 'application/pdf'
        THEN 560 * coalesce((file ->> 'pages')::bigint, (file ->> 'bytes')::bigint / 50000 + 1)
      ELSE (file ->> 'bytes')::bigint / 3 + 1
    END), 0)::int FROM jsonb_array_elements(files) AS file
  $$`,

  // Entries without a file of the message's own user, as in a copy from another account, need none.
  `CREATE FUNCTION message_names_attachments() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO message_attachments (user_id, attachment_id, message_id)
    SELECT a.user_id, a.id, NEW.id FROM attachments AS a
    WHERE a.user_id = NEW.user_id
      AND a.id = ANY (ARRAY (SELECT (one ->> 'id')::uuid FROM jsonb_array_elements(NEW.attachments) AS one))
    ON CONFLICT DO NOTHING;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER message_names_attachments AFTER INSERT ON messages
    FOR EACH ROW WHEN (NEW.attachments <> '[]') EXECUTE FUNCTION message_names_attachments()`,

  `CREATE FUNCTION message_releases_attachments() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    WITH gone AS (
      DELETE FROM message_attachments WHERE user_id = OLD.user_id AND message_id = OLD.id
        AND attachment_id = ANY (ARRAY (SELECT (one ->> 'id')::uuid FROM jsonb_array_elements(OLD.attachments) AS one))
      RETURNING user_id, attachment_id
    )
    INSERT INTO attachment_releases (user_id, attachment_id) SELECT user_id, attachment_id FROM gone;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER message_releases_attachments AFTER DELETE ON messages
    FOR EACH ROW WHEN (OLD.attachments <> '[]') EXECUTE FUNCTION message_releases_attachments()`,
]

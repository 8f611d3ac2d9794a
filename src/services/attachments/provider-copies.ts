import type { Context } from "../context.ts"
import type { AttachmentKey } from "./attachment-record.ts"

/** The copy of a file at the provider. */
export interface ProviderCopy {
  name: string
  uri: string
  expiresAt: Date
}

/**
 * Keeps where the provider has a copy, so that later replies use it, too. One that comes second, or whose file was
 * deleted meanwhile, becomes garbage: it is good for the reply that uploaded it. So does the copy that it replaces.
 */
export async function keepCopy(
  { db }: Pick<Context, "db">,
  { userId, id }: AttachmentKey,
  { name, uri, expiresAt }: ProviderCopy,
): Promise<void> {
  await db.execute("keep-provider-copy", KEEP, [userId, id, name, uri, expiresAt])
}

const KEEP = `
  WITH kept AS (
    UPDATE attachments AS a SET file_name = $3, file_uri = $4, file_expires_at = $5
    FROM (SELECT file_name FROM attachments WHERE user_id = $1 AND id = $2 FOR UPDATE) AS old
    WHERE a.user_id = $1 AND a.id = $2
      AND (a.file_expires_at IS NULL OR a.file_expires_at < now() + interval '1 hour')
    RETURNING old.file_name AS replaced
  ), unused AS (
    SELECT $3 AS name WHERE NOT EXISTS (SELECT FROM kept)
    UNION ALL SELECT replaced FROM kept WHERE replaced IS NOT NULL
  )
  INSERT INTO attachment_garbage (place, key, next_try_at)
  SELECT 'provider', name, now() + interval '1 hour' FROM unused ON CONFLICT DO NOTHING`

/** Has a copy deleted that no reply uses: its upload was done, but the attempt ended before it was ready. */
export async function discardCopy({ db }: Pick<Context, "db">, name: string): Promise<void> {
  await db.execute("discard-provider-copy", DISCARD, [name])
}

const DISCARD = "INSERT INTO attachment_garbage (place, key) VALUES ('provider', $1) ON CONFLICT DO NOTHING"

/**
 * Forgets copies that the provider seems not to know any more, as after a change of its key. It is asked to delete them
 * nevertheless, once no reply in flight can need them: a call may have failed for another reason.
 */
export async function forgetCopies(
  { db }: Pick<Context, "db">,
  userId: string,
  names: readonly string[],
): Promise<void> {
  await db.execute("forget-provider-copies", FORGET, [userId, names])
}

const FORGET = `
  WITH old AS (
    SELECT id, file_name FROM attachments WHERE user_id = $1 AND file_name = ANY ($2::text[]) ORDER BY id FOR UPDATE
  ), forgotten AS (
    UPDATE attachments AS a SET file_name = NULL, file_uri = NULL, file_expires_at = NULL
    FROM old WHERE a.user_id = $1 AND a.id = old.id
  )
  INSERT INTO attachment_garbage (place, key, next_try_at)
  SELECT 'provider', file_name, now() + interval '1 hour' FROM old ON CONFLICT DO NOTHING`

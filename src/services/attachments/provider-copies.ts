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
 * deleted meanwhile, becomes garbage: it is good for the reply that uploaded it.
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
    UPDATE attachments SET file_name = $3, file_uri = $4, file_expires_at = $5
    WHERE user_id = $1 AND id = $2 AND (file_expires_at IS NULL OR file_expires_at < now() + interval '1 hour')
    RETURNING id
  )
  INSERT INTO attachment_garbage (place, key, next_try_at)
  SELECT 'provider', $3, now() + interval '1 hour' WHERE NOT EXISTS (SELECT FROM kept)
  ON CONFLICT DO NOTHING`

/** Forgets copies that the provider doesn't know any more, as after a change of its key. */
export async function forgetCopies(
  { db }: Pick<Context, "db">,
  userId: string,
  names: readonly string[],
): Promise<void> {
  await db.execute("forget-provider-copies", FORGET, [userId, names])
}

const FORGET = `
  UPDATE attachments SET file_name = NULL, file_uri = NULL, file_expires_at = NULL
  WHERE user_id = $1 AND file_name = ANY ($2::text[])`

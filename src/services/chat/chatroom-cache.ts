import type { Context } from "../context.ts"
import { VERSION } from "../platform/version.ts"

/** The first page of a user's rooms as it was sent last: its JSON text and what stands in the headers. */
export interface CachedList {
  etag: string
  link: string
  body: string
}

/** Another program or another default model makes another text of the same rooms. */
export function listKey({ config }: Context, userId: string): string {
  return `chatrooms:${VERSION}:${config.gemini.model}:${userId}`
}

/** @returns null also for a list of other rooms than `version` stands for: one that is older, whatever brought it back */
export async function readCachedList(
  ctx: Context,
  userId: string,
  version: Promise<string>,
): Promise<CachedList | null> {
  const [found, current] = await Promise.all([ctx.cache.read(listKey(ctx, userId)), version])
  if (found === null) return null
  // Lines rather than JSON: the body is JSON text already, and wrapping it would cost an escape on every hit.
  const [madeOf = "", etag = "", link = ""] = found.split("\n", 3)
  if (madeOf !== current) return null
  return { etag, link, body: found.slice(madeOf.length + etag.length + link.length + 3) }
}

/** Caches the list of the rooms that `version` stands for. */
export async function cacheList(
  ctx: Context,
  userId: string,
  version: string,
  list: CachedList,
): Promise<void> {
  const { chatroomTtlSeconds } = ctx.config.cache
  const value = `${version}\n${list.etag}\n${list.link}\n${list.body}`
  await ctx.cache.write(listKey(ctx, userId), value, chatroomTtlSeconds)
}

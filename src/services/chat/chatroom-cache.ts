import { LRUCache } from "lru-cache"
import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import { VERSION } from "../platform/version.ts"

/** The first page of a user's rooms as it is sent: the bytes of its JSON text and what stands in the headers. */
export interface CachedList {
  etag: string
  link: string
  body: Buffer
}

/** A list, and the version of the rooms that it was made of. */
interface KnownList {
  version: string
  list: CachedList
}

/** The lists that this process has sent last, by user. None is sent again without a look at the version. */
export type RecentLists = LRUCache<string, KnownList>

/** Some thousand lists of usual length. */
const RECENT_BYTES = 16 * 1024 * 1024

export function createRecentLists({ chatroomTtlSeconds }: { chatroomTtlSeconds: number }): RecentLists {
  return new LRUCache({
    maxSize: RECENT_BYTES,
    sizeCalculation: ({ list }) => list.body.length + 500,
    ttl: chatroomTtlSeconds * SECOND,
    // A list of a user who is gone, or erased by another process, must not stay until others take its place.
    ttlAutopurge: true,
  })
}

/** A short text's bytes are otherwise a part of a block that others share, and keep all of it. */
export function toOwnBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
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
  const recent = ctx.recentLists.get(userId)
  if (recent && recent.version === (await version)) return recent.list
  const [found, current] = await Promise.all([ctx.cache.read(listKey(ctx, userId)), version])
  if (found === null) return null
  // Lines rather than JSON: the body is JSON text already, and wrapping it would cost an escape on every reading.
  const [madeOf = "", etag = "", link = ""] = found.split("\n", 3)
  if (madeOf !== current) return null
  const body = toOwnBytes(found.slice(madeOf.length + etag.length + link.length + 3))
  const list = { etag, link, body }
  ctx.recentLists.set(userId, { version: madeOf, list })
  return list
}

/** Caches the list of the rooms that `version` stands for. */
export async function cacheList(
  ctx: Context,
  userId: string,
  version: string,
  list: CachedList,
): Promise<void> {
  const { chatroomTtlSeconds } = ctx.config.cache
  ctx.recentLists.set(userId, { version, list })
  const value = `${version}\n${list.etag}\n${list.link}\n${list.body}`
  await ctx.cache.write(listKey(ctx, userId), value, chatroomTtlSeconds)
}

/** Drops a user's list from the cache. @returns whether the shared cache has forgotten it, too */
export function dropCachedList(ctx: Context, userId: string): Promise<boolean> {
  ctx.recentLists.delete(userId)
  return ctx.cache.remove(listKey(ctx, userId))
}

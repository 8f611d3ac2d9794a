import type { Context } from "../context.ts"

const keyOf = (userId: string) => `chatrooms:${userId}`

/** The first page of a user's rooms as it was sent last: its JSON text and what stands in the headers. */
export interface CachedList {
  etag: string
  link: string
  body: string
}

/** @returns the list, or leave to fill it */
export async function readCachedList(
  ctx: Context,
  userId: string,
): Promise<{ list: CachedList } | { lease: string | null }> {
  const found = await ctx.cache.read(keyOf(userId))
  if (found.value === null) return { lease: found.lease }
  // Lines rather than JSON: the body is JSON text already, and wrapping it would cost an escape on every hit.
  const [etag = "", link = ""] = found.value.split("\n", 2)
  return { list: { etag, link, body: found.value.slice(etag.length + link.length + 2) } }
}

export async function fillCachedList(ctx: Context, userId: string, lease: string, list: CachedList) {
  const { chatroomTtlSeconds } = ctx.config.cache
  await ctx.cache.fill(keyOf(userId), lease, `${list.etag}\n${list.link}\n${list.body}`, chatroomTtlSeconds)
}

/**
 * Invalidates the list after a write that it shows. If the process is killed before that, the old order of the rooms
 * stays cached until the reply ends, whose worker invalidates it too. Resolves when no reader can get the old list.
 */
export async function invalidateChatrooms(ctx: Context, userId: string): Promise<void> {
  await ctx.cache.invalidate(keyOf(userId))
}

/** Runs a write that the list shows; killed at any point, it leaves no stale list for longer than seconds. */
export async function withChatroomsLocked<T>(
  ctx: Context,
  userId: string,
  write: () => Promise<T>,
): Promise<T> {
  await ctx.cache.lock(keyOf(userId))
  try {
    return await write()
  } finally {
    await invalidateChatrooms(ctx, userId)
  }
}

import { createHash } from "node:crypto"
import type { ChatroomRecord } from "../../models/chatroom.ts"
import type { Page } from "../../models/keyset.ts"
import type { Context } from "../context.ts"
import { type CachedList, cacheList, readCachedList, toOwnBytes } from "./chatroom-cache.ts"
import { type ListChatrooms, listChatrooms } from "./list-chatrooms.ts"

/** What a page is sent as: JSON text, and a `Link` header or nothing. */
export type Render = (page: Page<ChatroomRecord>) => { body: string; link: string }

/** The usual length: the list of every start screen. */
const CACHED_LIMIT = 50

/**
 * A page of the user's rooms as it is sent, pinned ones first, newest activity first. The first page of the usual length
 * comes from the cache, where it is kept as `render` made it, if PostgreSQL says that the rooms are still those that it
 * was made of; every other page, and archived rooms, come from the database.
 * @throws {InvalidRequest} for a cursor that isn't one
 */
export async function readChatroomList(
  ctx: Context,
  page: ListChatrooms,
  render: Render,
): Promise<{ list: CachedList; fromCache: boolean }> {
  const read = async () => withTag(render(await listChatrooms(ctx, page)))
  if (page.archived || page.cursor !== undefined || page.limit !== CACHED_LIMIT)
    return { list: await read(), fromCache: false }
  const { userId } = page
  const version = ctx.listVersions.read(userId)
  const cached = await readCachedList(ctx, userId, version)
  if (cached) return { list: cached, fromCache: true }
  const list = await read()
  // Unless somebody wrote meanwhile: then it is unknown which version the list has.
  const madeOf = await version
  if ((await ctx.listVersions.read(userId)) === madeOf) await cacheList(ctx, userId, madeOf, list)
  return { list, fromCache: false }
}

function withTag({ body: text, link }: ReturnType<Render>): CachedList {
  const body = toOwnBytes(text)
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`
  return { etag, link, body }
}

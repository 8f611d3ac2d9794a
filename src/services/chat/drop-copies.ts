import { pause } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import { dropCachedList } from "./chatroom-cache.ts"

/** What was deleted of a user's. */
interface Deleted {
  userId: string
  /** Those whose text may be in the reply log still, which keeps it for a minute after the end. */
  replyIds: readonly string[]
}

/** The text of a reply that has ended expires after twice as long. */
const MAX_TRIES = 30

/**
 * Drops, in the background, what the cache and the reply log have of what was deleted: nobody gets it any more, but there
 * it would be until it expires. While Redis doesn't respond it is tried again.
 */
export function dropCopies(ctx: Context, { userId, replyIds }: Deleted): void {
  const drops = [() => dropCachedList(ctx, userId), ...replyIds.map((id) => () => ctx.replyLog.drop(id))]
  ctx.background.run("drop copies of what was deleted", async () => {
    let left = drops
    for (let tries = 1; left.length > 0 && tries <= MAX_TRIES && !ctx.stopping.aborted; tries++) {
      if (tries > 1) await pause(ctx.timing.redis.cooldownMs, ctx.stopping)
      const dropped = await Promise.all(left.map((drop) => drop()))
      left = left.filter((_, n) => !dropped[n])
    }
  })
}

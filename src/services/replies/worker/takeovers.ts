import type { MessageKey } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import { processReply } from "./process-reply.ts"

/**
 * Replies taken from silent workers, made here and now. The queue would be a detour that takes seconds while Redis
 * is away; the claim decides all the same, so a job that comes for the same reply finds nothing to do.
 */
export interface Takeovers {
  /** Begins the reply in the background. @returns false when so many are under way that the queue is to have it */
  take(reply: MessageKey & { inFlight: number; dedupeKey: string }): boolean
  /** Resolves when those under way have ended or were handed back; nothing may be taken any more. */
  drain(): Promise<void>
}

/**
 * @param stopping aborts when those under way are to be handed back
 * @param busy how many replies this worker makes for the queue: no takeover is begun beyond what it may make of both
 */
export function createTakeovers(ctx: Context, stopping: AbortSignal, busy: () => number): Takeovers {
  const running = new Set<Promise<void>>()
  return {
    take(reply) {
      if (stopping.aborted || running.size + busy() >= ctx.config.worker.concurrency) return false
      const takeover = run(ctx, reply, stopping)
        .catch((err: unknown) => ctx.log.warn({ err, replyId: reply.id }, "takeover failed"))
        .finally(() => running.delete(takeover))
      running.add(takeover)
      return true
    },
    async drain() {
      await Promise.all(running)
    },
  }
}

/** Its next attempt is the queue's; where that doesn't answer, the sweep's. */
async function run(
  ctx: Context,
  { userId, id, inFlight, dedupeKey }: MessageKey & { inFlight: number; dedupeKey: string },
  stopping: AbortSignal,
): Promise<void> {
  const reply = { userId, id }
  const { outcome } = await processReply(ctx, reply, stopping)
  if (outcome === "later" || outcome === "retry") await ctx.queue.enqueue(reply, { inFlight, dedupeKey })
}

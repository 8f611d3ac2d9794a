import type { MessageKey } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import type { EnqueueOptions } from "../accept/reply-queue.ts"
import { processReply } from "./process-reply.ts"

/** A reply whose worker went silent, or that the queue doesn't carry. */
export interface Orphan extends EnqueueOptions, MessageKey {}

/**
 * Makes orphans in this process at once. The queue would be a detour, of seconds while Redis is away. The claim still
 * decides, so a job for the same reply finds nothing to do.
 */
export interface Takeovers {
  /** Begins the reply in the background. @returns false when the worker is fully loaded: then the queue gets it */
  take(orphan: Orphan): boolean
  /** Resolves when the takeovers in flight have ended or were handed back. */
  drain(): Promise<void>
}

/**
 * @param stopping aborts when takeovers in flight are to be handed back; none is begun after that
 * @param busy returns how many replies this worker makes for the queue; takeovers share its concurrency
 */
export function createTakeovers(ctx: Context, stopping: AbortSignal, busy: () => number): Takeovers {
  const inFlight = new Set<Promise<void>>()
  return {
    take(orphan) {
      if (stopping.aborted || inFlight.size + busy() >= ctx.config.worker.concurrency) return false
      const takeover = takeOver(ctx, orphan, stopping)
        .catch((err: unknown) => ctx.log.warn({ err, replyId: orphan.id }, "takeover failed"))
        .finally(() => inFlight.delete(takeover))
      inFlight.add(takeover)
      return true
    },
    async drain() {
      await Promise.all(inFlight)
    },
  }
}

/** The next attempt is the queue's or, if the queue doesn't answer, the sweep's. */
async function takeOver(ctx: Context, { userId, id, ...options }: Orphan, stopping: AbortSignal) {
  const reply = { userId, id }
  const { outcome } = await processReply(ctx, reply, stopping)
  if (outcome === "later" || outcome === "retry") await ctx.queue.enqueue(reply, options)
}

import pg from "pg"
import { Unavailable } from "../../../utils/errors.ts"
import { BatchBusy, createMicroBatch } from "../../../utils/micro-batch.ts"
import {
  type InsertOutcome,
  insertPromptAndReply,
  insertPromptsAndReplies,
  type NewPrompt,
  type Settings,
} from "./insert-prompt-and-reply.ts"

/** Writes prompts that arrive together in one statement, whose fixed cost is half of what a prompt costs. */
export interface PromptBatches {
  /**
   * Writes it as `insertPromptAndReply` does; resolves when it is committed.
   * @throws {Unavailable} when the statements in flight take too long; nothing was written
   */
  write(prompt: NewPrompt): Promise<InsertOutcome>
  /** How many prompts wait for a statement. */
  waiting(): number
}

/** More in one statement save little more each, and all wait for the slowest. */
const MAX_SIZE = 32

/** One run at a time makes the largest batches, so the fixed cost is shared by most; a slow one delays nobody for long. */
const MAX_RUNNING = 2
const SPARE_AFTER_MS = 20

export function createPromptBatches(pool: pg.Pool, settings: Settings): PromptBatches {
  /** Returns null for a prompt that must be written alone, so that the others don't wait or fail with it. */
  async function together(prompts: NewPrompt[]): Promise<(InsertOutcome | null)[]> {
    try {
      const outcomes = await insertPromptsAndReplies(pool, settings, prompts, { skipLocked: true })
      return outcomes.map((found) => (found.outcome === "no-room" ? null : found))
    } catch (error) {
      // Only where PostgreSQL has said that it wrote nothing.
      if (error instanceof pg.DatabaseError) return prompts.map(() => null)
      throw error
    }
  }

  const microBatch = createMicroBatch({
    run: together,
    maxSize: MAX_SIZE,
    maxRunning: MAX_RUNNING,
    spareAfterMs: SPARE_AFTER_MS,
    maxWaitMs: settings.timing.replies.batchWaitMs,
    keyOf: ({ userId }) => userId,
  })
  return {
    async write(prompt) {
      const outcome = await microBatch.add(prompt).catch((error: unknown) => {
        throw error instanceof BatchBusy ? new Unavailable(error) : error
      })
      return outcome ?? insertPromptAndReply(pool, settings, prompt)
    },
    waiting: microBatch.waiting,
  }
}

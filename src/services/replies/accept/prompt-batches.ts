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

/** Writes prompts that come at the same time together: half of what one costs is the statement around it. */
export interface PromptBatches {
  /**
   * Writes it as `insertPromptAndReply` does; resolves when it is committed.
   * @throws {Unavailable} when the statements under way take too long; nothing was written
   */
  write(prompt: NewPrompt): Promise<InsertOutcome>
  /** How many prompts wait for a statement. */
  waiting(): number
}

/** More in one statement save little more each, and all wait for the slowest. */
const MAX_SIZE = 32

/** Fewer make larger batches; of one alone, a slow one would hold up everybody. */
const MAX_RUNNING = 2

export function createPromptBatches(pool: pg.Pool, settings: Settings): PromptBatches {
  /** null for whom the others must not wait or fail: it has to be written alone, outside of the runs. */
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

  const batches = createMicroBatch({
    run: together,
    maxSize: MAX_SIZE,
    maxRunning: MAX_RUNNING,
    maxWaitMs: settings.timing.replies.batchWaitMs,
    keyOf: ({ userId }) => userId,
  })
  return {
    async write(prompt) {
      const outcome = await batches.add(prompt).catch((error: unknown) => {
        throw error instanceof BatchBusy ? new Unavailable(error) : error
      })
      return outcome ?? insertPromptAndReply(pool, settings, prompt)
    },
    waiting: batches.waiting,
  }
}

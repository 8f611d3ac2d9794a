import pg from "pg"
import type { CompleteConfig } from "../../config/env.ts"
import { BatchesBusy, createBatches } from "../../utils/batches.ts"
import { Unavailable } from "../../utils/errors.ts"
import { SECOND } from "../../utils/time.ts"
import { type NewExchange, type Outcome, writeExchange, writeExchanges } from "./write-exchanges.ts"

/** Writes prompts that come at the same time together: half of what one costs is the statement around it. */
export interface PromptBatches {
  /**
   * Writes it as `writeExchanges` does; resolves when it is committed.
   * @throws {Unavailable} when the statements under way take too long; nothing was written
   */
  write(exchange: NewExchange): Promise<Outcome>
  /** How many prompts wait for a statement. */
  waiting(): number
}

/** More in one statement save little more each, and all wait for the slowest. */
const MAX_SIZE = 32

/** Fewer make larger batches; of one alone, a slow one would hold up everybody. */
const MAX_RUNNING = 2

/** As long as a statement waits for a connection of the pool. */
const MAX_WAIT_MS = 5 * SECOND

export function createPromptBatches(
  pool: pg.Pool,
  settings: Pick<CompleteConfig, "plans" | "gemini">,
): PromptBatches {
  /** null for whom the others must not wait or fail: it has to be written alone, outside of the runs. */
  async function together(exchanges: NewExchange[]): Promise<(Outcome | null)[]> {
    try {
      const outcomes = await writeExchanges(pool, settings, exchanges, { skipLocked: true })
      return outcomes.map((outcome) => (outcome.room_found ? outcome : null))
    } catch (error) {
      // Only where PostgreSQL has said that it wrote nothing.
      if (error instanceof pg.DatabaseError) return exchanges.map(() => null)
      throw error
    }
  }

  const batches = createBatches({
    run: together,
    maxSize: MAX_SIZE,
    maxRunning: MAX_RUNNING,
    maxWaitMs: MAX_WAIT_MS,
    keyOf: ({ userId }) => userId,
  })
  return {
    async write(exchange) {
      const outcome = await batches.add(exchange).catch((error: unknown) => {
        throw error instanceof BatchesBusy ? new Unavailable(error) : error
      })
      return outcome ?? writeExchange(pool, settings, exchange)
    },
    waiting: batches.waiting,
  }
}

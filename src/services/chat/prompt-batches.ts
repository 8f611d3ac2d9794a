import pg from "pg"
import type { CompleteConfig } from "../../config/env.ts"
import { createBatches } from "../../utils/batches.ts"
import { type NewExchange, type Outcome, writeExchanges } from "./write-exchanges.ts"

/** Writes prompts that come at the same time together: half of what one costs is the statement around it. */
export interface PromptBatches {
  /** Writes it as `writeExchanges` does; resolves when it is committed. */
  write(exchange: NewExchange): Promise<Outcome>
}

/** More in one statement save little more each, and all wait for the slowest. */
const MAX_SIZE = 32

/** Fewer make larger batches; of one alone, a slow one would hold up everybody. */
const MAX_RUNNING = 2

export function createPromptBatches(
  pool: pg.Pool,
  settings: Pick<CompleteConfig, "plans" | "gemini">,
): PromptBatches {
  /** null for whom the others must not wait or fail: it has to be written alone. */
  async function together(exchanges: NewExchange[]): Promise<(Outcome | null)[]> {
    if (exchanges.length === 1) return writeExchanges(pool, settings, exchanges)
    try {
      const outcomes = await writeExchanges(pool, settings, exchanges)
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
    keyOf: ({ userId }) => userId,
  })
  return {
    async write(exchange) {
      const outcome = await batches.add(exchange)
      return outcome ?? ((await writeExchanges(pool, settings, [exchange]))[0] as Outcome)
    },
  }
}

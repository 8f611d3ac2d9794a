import { pause, SECOND } from "../../../src/utils/time.ts"
import type { Scenario } from "../scenario.ts"
import { crashPostgres, untilMidReply } from "./strikes.ts"

const MAX_STRIKES = 5

/** PostgreSQL stops at once, without a checkpoint, and recovers. */
export const postgresStop: Scenario = {
  name: "postgres-stop",
  about: "immediate stop of PostgreSQL (SIGQUIT), which recovers on the same port",
  explains:
    "PostgreSQL is stopped at once (SIGQUIT to the postmaster) with requests under way, and recovers on the same data, at most 5 times. Requests may be refused with a 5xx meanwhile; clients repeat them under the same key.",
  hurtsPostgres: true,
  async run(stage) {
    const { strikes, isQuick, signal } = stage
    for (let strike = 0; strike < Math.min(strikes, isQuick ? 1 : MAX_STRIKES); strike++) {
      await untilMidReply(stage)
      await crashPostgres(stage)
      await pause(2 * SECOND, signal)
    }
  },
}

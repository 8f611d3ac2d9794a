import { pause, SECOND } from "../../../src/utils/time.ts"
import { openReplicatedStores, type Stores } from "../../lib/stores.ts"
import { mayBeLost } from "../exchange.ts"
import type { Scenario, Stage } from "../scenario.ts"
import { lasting, postgresOf, strikeAmidRequests, untilMidReply } from "./strikes.ts"

/** The primary dies and its standby takes over, which has every commit. */
export const standbySync: Scenario = {
  name: "standby-sync",
  about: "PostgreSQL dies and a standby with synchronous replication is promoted",
  explains:
    "PostgreSQL's primary stops at once (SIGQUIT) with requests under way and its standby is promoted; every commit had waited for it (`synchronous_standby_names`). An accepted prompt means the same as with one server: it isn't lost. Requests may be refused with a 5xx meanwhile; clients repeat them under the same key.",
  openStores: (stack, backend, folder) => openReplicatedStores(stack, backend, folder, "synchronous"),
  hurtsPostgres: true,
  async run(stage) {
    await untilMidReply(stage)
    await failOver(stage)
    await pause(2 * SECOND, stage.signal)
  },
}

/** The same where the standby was behind: what was committed last is lost. */
export const standbyAsync: Scenario = {
  name: "standby-async",
  about: "PostgreSQL dies and a standby with asynchronous replication, 2 s behind, is promoted",
  explains:
    "The same with asynchronous replication whose link broke 2 s before the death. An accepted prompt is safe once the standby has it: those of the last 2 s are lost, with their rooms, replies and quota units, and of replies that ended then another text may be stored than was streamed. The invariants are checked for everything else, I1 for all that is still there: nothing is kept by halves, nothing made twice, and no quota unit is paid for a lost prompt.",
  isLong: true,
  openStores: (stack, backend, folder) => openReplicatedStores(stack, backend, folder, "asynchronous"),
  hurtsPostgres: true,
  async run(stage) {
    const { cluster, load, signal } = stage
    await untilMidReply(stage)
    const from = Date.now()
    standbyOf(stage.stores).unplug()
    await pause(lasting(stage, { quick: SECOND, full: 2 * SECOND }), signal)
    // From here on rooms and replies may turn out to be gone; more are sent until the primary is dead.
    stage.lost(from, Number.POSITIVE_INFINITY)
    const died = await failOver(stage)
    load.losses.splice(0, load.losses.length, { from, to: died })
    await pause(2 * SECOND, signal)
    const risked = load.exchanges
      .filter((exchange) => mayBeLost(load, exchange))
      .map(({ promptId }) => promptId)
    const { rowCount } = await cluster.pool.query("SELECT 1 FROM messages WHERE id = ANY ($1)", [risked])
    stage.note("prompts accepted while the standby was behind", String(risked.length))
    stage.note("… of which lost", String(risked.length - (rowCount ?? 0)))
  },
}

/** @returns when the primary was dead, in ms since 1970 */
async function failOver(stage: Stage): Promise<number> {
  const { stores, takeovers, struck } = stage
  let diedAt = 0
  await strikeAmidRequests(stage, async () => {
    const from = Date.now()
    await postgresOf(stage).stopAtOnce()
    diedAt = Date.now()
    struck()
    await standbyOf(stores).promote()
    takeovers.noteOutage(from, Date.now())
  })
  return diedAt
}

function standbyOf({ standby }: Stores) {
  if (!standby) throw new Error("this cluster's PostgreSQL has no standby")
  return standby
}

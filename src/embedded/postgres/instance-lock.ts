import { setTimeout as sleep } from "node:timers/promises"
import type pg from "pg"
import { TIMING } from "../../config/timing.ts"

/** Any fixed pair: nothing else takes advisory locks in the maintenance database. */
const LOCK = [1734438249, 1]

export type LockResult = { held: true } | { held: false; holderPid: number | undefined }

/**
 * Takes the lock that one application instance at a time holds on a cluster. It belongs to the session, so
 * it goes with the process, however that ends. Rejects when the connection is lost meanwhile.
 */
export async function lockInstance(client: pg.Client, signal: AbortSignal | undefined): Promise<LockResult> {
  const deadline = performance.now() + TIMING.embedded.instanceLockMs
  for (;;) {
    signal?.throwIfAborted()
    const { rows } = await client.query("SELECT pg_try_advisory_lock($1::int, $2::int) AS held", LOCK)
    if (rows[0].held) return { held: true }
    if (performance.now() > deadline) return { held: false, holderPid: await findHolder(client) }
    await sleep(TIMING.embedded.lockPollMs)
  }
}

async function findHolder(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query(
    `SELECT application_name AS name FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND classid = $1::int::oid AND objid = $2::int::oid AND granted`,
    LOCK,
  )
  return Number(/(?<!\d)\d+$/.exec(rows[0]?.name ?? "")?.[0]) || undefined
}

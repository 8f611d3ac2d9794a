import type { Context } from "../../context.ts"

/**
 * How far a listener of a list of chatrooms has come: to what was committed before the oldest transaction that was in
 * flight at that moment. What is committed later has a higher number, whichever clock anybody has, so that asking for all
 * numbers from this one on loses nothing; a little may come twice.
 */
export interface RoomListCursor {
  /** Number of that transaction. */
  transaction: bigint
  /** When it was read, in seconds since 1970, by the database's clock. */
  seconds: number
}

/** Formats `<transaction>.<seconds>`. */
export function formatRoomListCursor({ transaction, seconds }: RoomListCursor): string {
  return `${transaction}.${seconds}`
}

const ID = /^(\d{1,18})\.(\d{1,10})$/

/** Parses the id of an event; null when it is malformed. */
export function parseRoomListCursor(lastEventId: string | undefined): RoomListCursor | null {
  const [, transaction, seconds] = ID.exec(lastEventId ?? "") ?? []
  if (transaction === undefined) return null
  return { transaction: BigInt(transaction), seconds: Number(seconds) }
}

/** Reads the cursor of this moment. */
export async function currentRoomListCursor({ db }: Context): Promise<RoomListCursor> {
  const { rows } = await db.execute<{ transaction: string; seconds: number }>("room-list-now", NOW)
  const { transaction, seconds } = rows[0] as (typeof rows)[number]
  return { transaction: BigInt(transaction), seconds }
}

const NOW = `
  SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS transaction,
    floor(extract(epoch FROM app_now()))::float8 AS seconds`

/**
 * Returns the condition that a row was written by a transaction from `$parameter` on. Numbers in rows have 32 bits and
 * begin again, so their distances from now are compared.
 */
export function writtenSinceSql(table: string, parameter: number): string {
  return `age(${table}.xmin) <= age($${parameter}::text::xid8::xid)`
}

import { z } from "zod"
import { CursorTime, decodeCursor, encodeCursor } from "../../utils/cursor.ts"
import { AppError } from "../../utils/errors.ts"
import { newId } from "../../utils/ids.ts"
import { toCamelCase } from "../../utils/records.ts"
import type { Context } from "../context.ts"
import type { Actor, Admin } from "./admin.ts"

/** One action of an operator's. No names, numbers or texts: ids alone. */
export interface AuditEntry {
  id: string
  at: Date
  actor: Actor
  action: string
  targetId: string | null
  requestId: string
  address: string
  /** `begun` until it has ended, and for ever where the process died in between; then `ok`, or what went wrong. */
  outcome: string
}

export type Action = Pick<AuditEntry, "actor" | "action" | "targetId" | "requestId" | "address">

/**
 * Does `act` and writes down who asked for it and what came of it. It is entered before it is done: what can't be
 * entered isn't done.
 * @param outcomeOf what came of it when it didn't throw
 */
export async function audited<T>(
  ctx: Context,
  action: Action,
  act: (admin: Admin) => Promise<T>,
  outcomeOf: (result: T) => string = () => "ok",
): Promise<T> {
  const id = newId()
  let { targetId } = action
  await ctx.db.pool.query(ENTER, [
    id,
    action.actor,
    action.action,
    targetId,
    action.requestId,
    action.address,
  ])
  const conclude = async (outcome: string) => {
    await ctx.db.pool.query(CONCLUDE, [id, outcome, targetId])
    ctx.events.adminActed({ ...action, targetId, outcome })
  }
  const about = (target: string) => {
    targetId ??= target
  }
  try {
    const result = await act({ actor: action.actor, about })
    await conclude(outcomeOf(result))
    return result
  } catch (error) {
    await conclude(error instanceof AppError ? error.code : "internal").catch(() => undefined)
    throw error
  }
}

const ENTER = `
  INSERT INTO admin_audit (id, actor, action, target_id, request_id, address, outcome)
  VALUES ($1, $2, $3, $4, $5, $6, 'begun')`
const CONCLUDE = "UPDATE admin_audit SET outcome = $2, target_id = $3 WHERE id = $1"

const Cursor = z.tuple([CursorTime, z.uuid()])

/** What operators did, newest first. @throws {InvalidRequest} for a cursor that isn't one */
export async function listAudit(
  ctx: Context,
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<{ items: AuditEntry[]; next: string | null }> {
  const [at, id] = cursor === undefined ? [null, null] : decodeCursor(cursor, Cursor)
  const { rows } = await ctx.db.pool.query({ name: "list-audit", text: LIST, values: [limit + 1, at, id] })
  const items = rows.slice(0, limit).map((row) => toCamelCase<AuditEntry>(row))
  const last = items.at(-1)
  return { items, next: rows.length > limit && last ? encodeCursor([last.at.toISOString(), last.id]) : null }
}

const LIST = `
  SELECT id, at, actor, action, target_id, request_id, address, outcome FROM admin_audit
  WHERE (at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  ORDER BY at DESC, id DESC LIMIT $1`

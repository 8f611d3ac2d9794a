import { Op } from "sequelize"
import { z } from "zod"
import { afterKeyset } from "../../models/keyset.ts"
import { CursorTime, decodeCursor, encodeCursor } from "../../utils/cursor.ts"
import { AppError } from "../../utils/errors.ts"
import { newId } from "../../utils/ids.ts"
import type { AdminPrincipal } from "../auth/principal.ts"
import type { Context } from "../context.ts"
import type { Admin } from "./admin.ts"

/** One action of an operator's. No names, numbers or texts: ids alone. */
export interface AuditEntry {
  id: string
  at: Date
  actor: AdminPrincipal
  action: string
  targetId: string | null
  requestId: string
  address: string
  /** `begun` until it has ended, and for ever where the process died in between; then `ok`, or what went wrong. */
  outcome: string
}

export type Action = Pick<AuditEntry, "actor" | "action" | "targetId" | "requestId" | "address">

/**
 * Runs `act` and records the operator and the outcome. The entry is written first: an action that can't be recorded
 * isn't performed.
 * @param outcomeOf returns the outcome of a call that didn't throw
 */
export async function audited<T>(
  ctx: Context,
  action: Action,
  act: (admin: Admin) => Promise<T>,
  outcomeOf: (result: T) => string = () => "ok",
): Promise<T> {
  const id = newId()
  let { targetId } = action
  await ctx.models.AuditEntry.create({ ...action, id, outcome: "begun" }, { returning: false })
  const conclude = async (outcome: string) => {
    await ctx.models.AuditEntry.update({ outcome, targetId }, { where: { id } })
    ctx.events.adminActed({ ...action, targetId, outcome })
  }
  const setTarget = (target: string) => {
    targetId ??= target
  }
  try {
    const result = await act({ actor: action.actor, setTarget })
    await conclude(outcomeOf(result))
    return result
  } catch (error) {
    await conclude(error instanceof AppError ? error.code : "internal").catch(() => undefined)
    throw error
  }
}

const Cursor = z.tuple([CursorTime, z.uuid()])

/** Lists the operators' actions, newest first. @throws {InvalidRequest} for an invalid cursor */
export async function listAudit(
  ctx: Context,
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<{ items: AuditEntry[]; next: string | null }> {
  const keyset = cursor === undefined ? null : decodeCursor(cursor, Cursor)
  const rows: AuditEntry[] = await ctx.models.AuditEntry.findAll({
    attributes: ["id", "at", "actor", "action", "targetId", "requestId", "address", "outcome"],
    where: { [Op.and]: keyset ? [afterKeyset("at", keyset)] : [] },
    order: [
      ["at", "DESC"],
      ["id", "DESC"],
    ],
    limit: limit + 1,
    raw: true,
  })
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last ? encodeCursor([last.at.toISOString(), last.id]) : null }
}

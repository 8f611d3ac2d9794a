import type { InferAttributes } from "sequelize"
import type { AuditEntryModel } from "../../models/audit-entry.ts"
import { newestFirst, type Page, type PageRequest, readPage } from "../../models/keyset.ts"
import { AppError } from "../../utils/errors.ts"
import { newId } from "../../utils/ids.ts"
import type { AdminPrincipal } from "../auth/principal.ts"
import type { Context } from "../context.ts"
import type { Admin } from "./admin.ts"

export interface AuditEntry extends InferAttributes<AuditEntryModel> {
  actor: AdminPrincipal
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
  const { AuditEntry } = await ctx.models()
  await AuditEntry.create({ ...action, id, outcome: "begun" }, { returning: false })
  const conclude = async (outcome: string) => {
    await AuditEntry.update({ outcome, targetId }, { where: { id } })
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

/** Lists the operators' actions, newest first. @throws {InvalidRequest} for an invalid cursor */
export async function listAudit(ctx: Context, page: PageRequest): Promise<Page<AuditEntry>> {
  const { AuditEntry, newestRows } = await ctx.models()
  return readPage(page, newestFirst("at"), (after, limit) =>
    AuditEntry.findAll(newestRows("at", after, limit)),
  )
}

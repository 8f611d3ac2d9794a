import type { TopUsersQuery, UsageQuery } from "../schemas/usage.ts"
import type { Context } from "../services/context.ts"
import { readUsageByDay, readUsageByModel, readUsageByUser } from "../services/usage/read-usage.ts"
import { ok, type PublicInput, type UserInput } from "./http.ts"
import { presentDailyUsage, presentModelUsage, presentUserUsage } from "./presenters/usage.ts"

export async function getMyUsage(ctx: Context, { user, query }: UserInput<{ query: UsageQuery }>) {
  return ok((await readUsageByDay(ctx.db.pool, user.userId, query)).map(presentDailyUsage))
}

export async function getModelUsage(ctx: Context, { query }: PublicInput<{ query: UsageQuery }>) {
  return ok((await readUsageByModel(ctx.db.pool, query)).map(presentModelUsage))
}

export async function getUserUsage(ctx: Context, { query }: PublicInput<{ query: TopUsersQuery }>) {
  return ok((await readUsageByUser(ctx.db.pool, query)).map(presentUserUsage))
}

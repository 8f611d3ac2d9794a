import { listModels } from "../services/chat/offered-models.ts"
import type { Context } from "../services/context.ts"
import { ok, type UserInput } from "./http.ts"
import { presentModel } from "./presenters/model.ts"

export async function getModels(ctx: Context, { user }: UserInput) {
  return ok((await listModels(ctx, user.userId)).map(presentModel))
}

import type { UserChange } from "../schemas/user.ts"
import type { Context } from "../services/context.ts"
import { changeUser } from "../services/users/change-user.ts"
import { deleteUser } from "../services/users/delete-user.ts"
import { exportUser } from "../services/users/export-user.ts"
import { findOwnUser } from "../services/users/find-user.ts"
import { accepted, ok, type Reply, type UserInput } from "./endpoint.ts"
import { presentUser } from "./presenters/user.ts"

export async function getMe(ctx: Context, { user }: UserInput): Promise<Reply> {
  return ok(presentUser(await findOwnUser(ctx, user)))
}

export async function changeMe(
  ctx: Context,
  { user, body }: UserInput<{ body: UserChange }>,
): Promise<Reply> {
  return ok(presentUser(await changeUser(ctx, { user, name: body.name })))
}

export async function deleteMe(ctx: Context, { user }: UserInput): Promise<Reply> {
  await deleteUser(ctx, user)
  return accepted({ status: "deleting" })
}

export async function exportMe(ctx: Context, { user }: UserInput): Promise<Reply> {
  return {
    status: 200,
    headers: { "Content-Disposition": 'attachment; filename="export.json"' },
    chunks: exportUser(ctx, await findOwnUser(ctx, user)),
    type: "application/json; charset=utf-8",
  }
}

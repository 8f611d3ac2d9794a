import type { NumberChange, NumberProof } from "../schemas/auth.ts"
import type { UserChange } from "../schemas/user.ts"
import { confirmNumberChange, requestNumberChange } from "../services/account/change-mobile-number.ts"
import { deleteUser } from "../services/account/delete-user.ts"
import { exportUser } from "../services/account/export-user.ts"
import type { Context } from "../services/context.ts"
import { changeUser } from "../services/users/change-user.ts"
import { findOwnUser } from "../services/users/find-user.ts"
import { accepted, ok, type UserInput } from "./http.ts"
import { presentUser } from "./presenters/user.ts"

export async function getMe(ctx: Context, { user }: UserInput) {
  return ok(presentUser(await findOwnUser(ctx, user.userId)))
}

export async function patchMe(ctx: Context, { user, body }: UserInput<{ body: UserChange }>) {
  return ok(presentUser(await changeUser(ctx, { userId: user.userId, name: body.name })))
}

export async function postNumberChange(
  ctx: Context,
  { user, body, address, header }: UserInput<{ body: NumberChange }>,
) {
  const { mobileNumber, currentPassword } = body
  const request = { user, mobileNumber, currentPassword, address, host: header("host") }
  return accepted(await requestNumberChange(ctx, request))
}

export async function postNumberProof(ctx: Context, { user, body }: UserInput<{ body: NumberProof }>) {
  return ok(presentUser(await confirmNumberChange(ctx, { user, ...body })))
}

export async function deleteMe(ctx: Context, { user }: UserInput) {
  await deleteUser(ctx, user)
  return accepted({ status: "deleting" })
}

export async function getMyExport(ctx: Context, { user }: UserInput) {
  return {
    status: 200,
    headers: { "Content-Disposition": 'attachment; filename="export.json"' },
    chunks: exportUser(ctx, await findOwnUser(ctx, user.userId)),
    type: "application/json; charset=utf-8",
  }
}

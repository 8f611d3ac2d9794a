import type {
  ChangePassword,
  Login,
  RefreshRequest,
  ResetPassword,
  SendOtp,
  SignUp,
  VerifyOtp,
} from "../schemas/auth.ts"
import type { PageQuery } from "../schemas/common.ts"
import { changePassword } from "../services/auth/change-password.ts"
import { endOwnSession, logOut } from "../services/auth/end-sessions.ts"
import { listSessions } from "../services/auth/list-sessions.ts"
import { logIn } from "../services/auth/log-in.ts"
import type { SignedIn } from "../services/auth/open-session.ts"
import type { Purpose } from "../services/auth/otp-codes.ts"
import type { Device } from "../services/auth/principal.ts"
import { refreshSession } from "../services/auth/refresh-session.ts"
import { requestOtp } from "../services/auth/request-otp.ts"
import { resetPassword } from "../services/auth/reset-password.ts"
import { signUp } from "../services/auth/sign-up.ts"
import { verifyOtp } from "../services/auth/verify-otp.ts"
import type { Context } from "../services/context.ts"
import { accepted, created, noContent, ok, type PublicInput, type UserInput } from "./http.ts"
import { nextLink } from "./page-link.ts"
import { presentSession } from "./presenters/session.ts"
import { presentUser } from "./presenters/user.ts"

export async function postSignUp(ctx: Context, { body, address }: PublicInput<{ body: SignUp }>) {
  const { mobileNumber, name } = body
  const signedUp = await signUp(ctx, { mobileNumber, name, address })
  return created({ user: { mobileNumber: signedUp.mobileNumber, name: signedUp.name } })
}

export function postSendOtp(ctx: Context, input: PublicInput<{ body: SendOtp }>) {
  return sendCode(ctx, "login", input)
}

export function postForgotPassword(ctx: Context, input: PublicInput<{ body: SendOtp }>) {
  return sendCode(ctx, "password_reset", input)
}

export async function postVerifyOtp(ctx: Context, input: PublicInput<{ body: VerifyOtp }>) {
  const { mobileNumber, otp, purpose } = input.body
  return present(await verifyOtp(ctx, { mobileNumber, otp, purpose, device: deviceOf(input) }))
}

export async function postResetPassword(
  ctx: Context,
  { body, address }: PublicInput<{ body: ResetPassword }>,
) {
  const { mobileNumber, otp, newPassword } = body
  await resetPassword(ctx, { mobileNumber, otp, newPassword, address })
  return noContent()
}

export async function postChangePassword(
  ctx: Context,
  { user, body, address }: UserInput<{ body: ChangePassword }>,
) {
  await changePassword(ctx, {
    user,
    newPassword: body.newPassword,
    currentPassword: body.currentPassword,
    address,
  })
  return noContent()
}

export async function postLogin(ctx: Context, input: PublicInput<{ body: Login }>) {
  const { mobileNumber, password } = input.body
  return present(await logIn(ctx, { mobileNumber, password, device: deviceOf(input) }))
}

export async function postRefresh(ctx: Context, { body }: PublicInput<{ body: RefreshRequest }>) {
  return present(await refreshSession(ctx, body.refreshToken))
}

export async function postLogout(ctx: Context, { user }: UserInput) {
  await logOut(ctx, user)
  return noContent()
}

export async function getSessions(ctx: Context, { user, query }: UserInput<{ query: PageQuery }>) {
  const { items, next } = await listSessions(ctx, { userId: user.userId, ...query })
  const presented = items.map((session) => presentSession(session, user.sessionId))
  return ok(presented, nextLink("/auth/sessions", query, next))
}

export async function deleteSession(ctx: Context, { user, params }: UserInput<{ params: { id: string } }>) {
  await endOwnSession(ctx, user, params.id)
  return noContent()
}

async function sendCode(
  ctx: Context,
  purpose: Purpose,
  { body, address, header }: PublicInput<{ body: SendOtp }>,
) {
  const { mobileNumber } = body
  return accepted(await requestOtp(ctx, { mobileNumber, purpose, address, host: header("host") }))
}

function present(signedIn: SignedIn) {
  return ok({ ...signedIn, user: presentUser(signedIn.user) })
}

function deviceOf({ address, header }: PublicInput): Device {
  return { address, userAgent: header("user-agent") }
}

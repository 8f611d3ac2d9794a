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
import type { Device } from "../services/auth/caller.ts"
import { changePassword as change } from "../services/auth/change-password.ts"
import { endOwnSession, logOut } from "../services/auth/end-sessions.ts"
import { listSessions as list } from "../services/auth/list-sessions.ts"
import { logIn } from "../services/auth/log-in.ts"
import type { SignedIn } from "../services/auth/open-session.ts"
import { refreshSession } from "../services/auth/refresh-session.ts"
import { requestOtp } from "../services/auth/request-otp.ts"
import { resetPassword as reset } from "../services/auth/reset-password.ts"
import { signUp } from "../services/auth/sign-up.ts"
import { verifyOtp as verify } from "../services/auth/verify-otp.ts"
import type { Context } from "../services/context.ts"
import { accepted, created, noContent, ok, type PublicInput, type Reply, type UserInput } from "./endpoint.ts"
import { nextLink } from "./page-link.ts"
import { presentSession } from "./presenters/session.ts"
import { presentUser } from "./presenters/user.ts"

export async function postSignUp(ctx: Context, { body }: PublicInput<{ body: SignUp }>): Promise<Reply> {
  const { mobileNumber, name } = body
  return created({ user: presentUser(await signUp(ctx, { mobileNumber, name })) })
}

export async function sendOtp(
  ctx: Context,
  { body, address }: PublicInput<{ body: SendOtp }>,
): Promise<Reply> {
  return accepted(await requestOtp(ctx, { mobileNumber: body.mobileNumber, purpose: "login", address }))
}

export async function forgotPassword(
  ctx: Context,
  { body, address }: PublicInput<{ body: SendOtp }>,
): Promise<Reply> {
  return accepted(
    await requestOtp(ctx, { mobileNumber: body.mobileNumber, purpose: "password_reset", address }),
  )
}

export async function verifyOtp(ctx: Context, input: PublicInput<{ body: VerifyOtp }>): Promise<Reply> {
  const { mobileNumber, otp, purpose } = input.body
  return present(await verify(ctx, { mobileNumber, otp, purpose, device: deviceOf(input) }))
}

export async function resetPassword(
  ctx: Context,
  { body }: PublicInput<{ body: ResetPassword }>,
): Promise<Reply> {
  await reset(ctx, body)
  return noContent()
}

export async function changePassword(
  ctx: Context,
  { user, body, address }: UserInput<{ body: ChangePassword }>,
): Promise<Reply> {
  await change(ctx, { user, newPassword: body.newPassword, currentPassword: body.currentPassword, address })
  return noContent()
}

export async function login(ctx: Context, input: PublicInput<{ body: Login }>): Promise<Reply> {
  const { mobileNumber, password } = input.body
  return present(await logIn(ctx, { mobileNumber, password, device: deviceOf(input) }))
}

export async function refresh(ctx: Context, { body }: PublicInput<{ body: RefreshRequest }>): Promise<Reply> {
  return present(await refreshSession(ctx, body.refreshToken))
}

export async function logout(ctx: Context, { user }: UserInput): Promise<Reply> {
  await logOut(ctx, user)
  return noContent()
}

export async function listSessions(
  ctx: Context,
  { user, query }: UserInput<{ query: PageQuery }>,
): Promise<Reply> {
  const { sessions, cursor } = await list(ctx, { user, limit: query.limit, cursor: query.cursor })
  const presented = sessions.map((session) => presentSession(session, user.sessionId))
  return ok(presented, nextLink("/auth/sessions", query, cursor))
}

export async function deleteSession(
  ctx: Context,
  { user, params }: UserInput<{ params: { id: string } }>,
): Promise<Reply> {
  await endOwnSession(ctx, user, params.id)
  return noContent()
}

function present(signedIn: SignedIn): Reply {
  return ok({ ...signedIn, user: presentUser(signedIn.user) })
}

function deviceOf({ address, header }: PublicInput): Device {
  return { address, userAgent: header("user-agent") }
}

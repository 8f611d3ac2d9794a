import { z } from "zod"
import { Id, Time, text, trimmedText } from "./common.ts"
import { User } from "./user.ts"

/** Anything libphonenumber may read; services/auth/mobile-number.ts does the reading. */
const MobileNumber = z.string().trim().min(1).max(40)
const Otp = z.string().trim().min(1).max(20)
const Password = text(1, 200)

export const SignUp = z.strictObject({ mobileNumber: MobileNumber, name: trimmedText(1, 100).optional() })
export type SignUp = z.infer<typeof SignUp>

export const SendOtp = z.strictObject({ mobileNumber: MobileNumber })
export type SendOtp = z.infer<typeof SendOtp>

export const VerifyOtp = z.strictObject({
  mobileNumber: MobileNumber,
  otp: Otp,
  purpose: z.enum(["login", "password_reset"]).optional(),
})
export type VerifyOtp = z.infer<typeof VerifyOtp>

export const ResetPassword = z.strictObject({ mobileNumber: MobileNumber, otp: Otp, newPassword: Password })
export type ResetPassword = z.infer<typeof ResetPassword>

export const ChangePassword = z.strictObject({ newPassword: Password, currentPassword: Password.optional() })
export type ChangePassword = z.infer<typeof ChangePassword>

export const Login = z.strictObject({ mobileNumber: MobileNumber, password: Password })
export type Login = z.infer<typeof Login>

export const RefreshRequest = z.strictObject({ refreshToken: z.string().min(1).max(500) })
export type RefreshRequest = z.infer<typeof RefreshRequest>

export const SignedUp = z.object({ user: User })
export const OtpSent = z.object({
  expiresIn: z.number().int(),
  resendIn: z.number().int(),
  otp: z.string().optional(),
})
export const SignedIn = z.object({
  token: z.string(),
  tokenType: z.literal("Bearer"),
  expiresIn: z.number().int(),
  refreshToken: z.string(),
  user: User,
})
export const Session = z.object({
  id: Id,
  current: z.boolean(),
  openedBy: z.enum(["otp", "password"]),
  userAgent: z.string().nullable(),
  address: z.string().nullable(),
  createdAt: Time,
  lastUsedAt: Time,
  expiresAt: Time,
})

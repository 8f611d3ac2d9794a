import { z } from "zod"
import { Id, Time, text } from "./common.ts"
import { SignedUpUser, User, UserName } from "./user.ts"

/** Anything that libphonenumber may parse; services/auth/mobile-number.ts parses it. */
const MobileNumber = z
  .string()
  .trim()
  .min(1)
  .max(40)
  .meta({
    pattern: "\\S",
    description: "International with `+` and country code, or national for the service's region.",
    examples: ["1234567890"],
  })
const Otp = z
  .string()
  .trim()
  .min(1)
  .max(20)
  .meta({ description: "The code that was sent.", pattern: "\\S", examples: ["123456"] })
const Password = text(1, 200).meta({
  description: "8 to 72 bytes in UTF-8.",
  examples: ["correct horse"],
})

export const SignUp = z.strictObject({ mobileNumber: MobileNumber, name: UserName.optional() })
export type SignUp = z.infer<typeof SignUp>

export const SendOtp = z.strictObject({ mobileNumber: MobileNumber })
export type SendOtp = z.infer<typeof SendOtp>

export const VerifyOtp = z.strictObject({
  mobileNumber: MobileNumber,
  otp: Otp,
  purpose: z
    .enum(["login", "password_reset"])
    .optional()
    .describe("What the code was sent for. By default any live code of the number is accepted."),
})
export type VerifyOtp = z.infer<typeof VerifyOtp>

export const ResetPassword = z.strictObject({ mobileNumber: MobileNumber, otp: Otp, newPassword: Password })
export type ResetPassword = z.infer<typeof ResetPassword>

export const ChangePassword = z.strictObject({
  newPassword: Password,
  currentPassword: Password.optional().describe(
    "Required if the user has a password and the session wasn't opened with a code in the last 10 minutes.",
  ),
})
export type ChangePassword = z.infer<typeof ChangePassword>

export const NumberChange = z.strictObject({
  mobileNumber: MobileNumber,
  currentPassword: Password.optional().describe(
    "Required unless the session was opened with a code in the last 10 minutes.",
  ),
})
export type NumberChange = z.infer<typeof NumberChange>

export const NumberProof = z.strictObject({ mobileNumber: MobileNumber, otp: Otp })
export type NumberProof = z.infer<typeof NumberProof>

export const Login = z.strictObject({ mobileNumber: MobileNumber, password: Password })
export type Login = z.infer<typeof Login>

const RefreshToken = z.string().meta({ examples: ["01a20380-35df-77b7-a96a-565deb07f9f4.1.c2VjcmV0"] })

export const RefreshRequest = z.strictObject({ refreshToken: RefreshToken.min(1).max(500) })
export type RefreshRequest = z.infer<typeof RefreshRequest>

export const SignedUp = z.object({ user: SignedUpUser })
export const OtpSent = z
  .object({
    expiresIn: z
      .number()
      .int()
      .meta({ description: "Seconds until the code expires.", examples: [300] }),
    resendIn: z
      .number()
      .int()
      .meta({ description: "Seconds until another code can be requested.", examples: [30] }),
    otp: z
      .string()
      .optional()
      .meta({
        description:
          "The code itself; present only when `OTP_DELIVERY` is `response` and, outside production, the request was sent to localhost, an IP address or the host of `PUBLIC_URL`.",
        examples: ["123456"],
      }),
  })
  .meta({ id: "OtpSent" })
export const SignedIn = z
  .object({
    token: z
      .string()
      .meta({ description: "The access token, a JWT.", examples: ["eyJhbGciOi.eyJzdWIiOi.c2ln"] }),
    tokenType: z.literal("Bearer"),
    expiresIn: z
      .number()
      .int()
      .meta({ description: "Seconds until `token` expires.", examples: [900] }),
    refreshToken: RefreshToken.describe("Works once, for a new pair of tokens."),
    user: User,
  })
  .meta({ id: "SignedIn" })
export const Session = z
  .object({
    id: Id,
    current: z.boolean().describe("Whether this is the session of the request."),
    openedBy: z.enum(["otp", "password"]),
    userAgent: z.string().nullable(),
    address: z
      .string()
      .nullable()
      .meta({ examples: ["203.0.113.7"] }),
    createdAt: Time,
    lastUsedAt: Time,
    expiresAt: Time,
  })
  .meta({ id: "Session" })

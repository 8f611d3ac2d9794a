import { ApiError, client } from "../api/client.ts"

/** A code that was sent. */
export interface SentCode {
  mobileNumber: string
  /** The code itself, where the service doesn't send messages but tells. */
  mocked: string | null
  /** When another one may be asked for, by the page's clock. */
  againAt: number
}

/**
 * Asks for a code, after signing up where the number is new: the service tells the same to both.
 * @throws {ApiError} when the number is refused
 */
export async function requestCode(mobileNumber: string): Promise<SentCode> {
  await client.call("POST /auth/signup", { body: { mobileNumber } }).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.code === "mobile_number_taken")) throw error
  })
  const { otp, resendIn } = await client.call("POST /auth/send-otp", { body: { mobileNumber } })
  return { mobileNumber, mocked: otp ?? null, againAt: Date.now() + resendIn * 1000 }
}

import { ApiError, type ChatClient, createClient } from "../src/index.ts"

/** Another number each time: one has five prompts a day. */
export const anyNumber = (): string => `202555${String(Math.floor(Date.now() / 1000)).slice(-4)}`

/** Signs a new or known user in, by a code that the server shows in its reply. */
export async function signIn({ url, number }: { url: string; number: string }): Promise<ChatClient> {
  const client = createClient({ baseUrl: url })
  await client.call("POST /auth/signup", { body: { mobileNumber: number } }).catch(ignoreKnown)
  const { otp } = await client.call("POST /auth/send-otp", { body: { mobileNumber: number } })
  if (!otp) throw new Error("The server sends codes by SMS; this example can't read them.")
  await client.call("POST /auth/verify-otp", { body: { mobileNumber: number, otp } })
  return client
}

function ignoreKnown(error: unknown): void {
  if (!(error instanceof ApiError) || error.code !== "mobile_number_taken") throw error
}

import { newMobileNumber, type SignedIn, signIn, type TestApp } from "./app.ts"

export const PASSWORD = "correct horse battery"

/** Requests a code where codes are delivered in the reply. */
export async function sendCode(app: TestApp, mobileNumber: string, path = "/auth/send-otp"): Promise<string> {
  const sent = await app.http.post(path, { mobileNumber })
  if (sent.status !== 202) throw new Error(`no code: ${JSON.stringify(sent.body)}`)
  return sent.body.otp
}

export const sendResetCode = (app: TestApp, mobileNumber: string) =>
  sendCode(app, mobileNumber, "/auth/forgot-password")

/** Registers a number that stays unverified. */
export async function signUp(app: TestApp): Promise<string> {
  const mobileNumber = newMobileNumber()
  await app.http.post("/auth/signup", { mobileNumber })
  return mobileNumber
}

export async function signInWithPassword(app: TestApp): Promise<SignedIn> {
  const user = await signIn(app)
  const set = await user.http.post("/auth/change-password", { newPassword: PASSWORD })
  if (set.status !== 204) throw new Error(`no password: ${JSON.stringify(set.body)}`)
  return user
}

export const isLive = async (app: TestApp, token: string) =>
  (await app.http.get("/user/me", { token })).status === 200

/** Another code of the same length. */
export const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0")

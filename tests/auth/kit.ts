import { expect } from "vitest"
import type { Answer } from "../../tools/lib/http.ts"
import { newMobileNumber, type SignedIn, signIn, type TestApp } from "../helpers/app.ts"

export const PASSWORD = "correct horse battery"

/** Asks for a code where codes are delivered in the reply. */
export async function sendCode(app: TestApp, mobileNumber: string, path = "/auth/send-otp"): Promise<string> {
  const sent = await app.http.post(path, { mobileNumber })
  if (sent.status !== 202) throw new Error(`no code: ${JSON.stringify(sent.body)}`)
  return sent.body.otp
}

export const sendResetCode = (app: TestApp, mobileNumber: string) =>
  sendCode(app, mobileNumber, "/auth/forgot-password")

/** A number that is registered and not verified. */
export async function signUp(app: TestApp): Promise<string> {
  const mobileNumber = newMobileNumber()
  await app.http.post("/auth/signup", { mobileNumber })
  return mobileNumber
}

export async function signInWithPassword(app: TestApp): Promise<SignedIn> {
  const user = await signIn(app)
  const set = await app.http.post("/auth/change-password", { newPassword: PASSWORD }, { token: user.token })
  if (set.status !== 204) throw new Error(`no password: ${JSON.stringify(set.body)}`)
  return user
}

export const isLive = async (app: TestApp, token: string) =>
  (await app.http.get("/user/me", { token })).status === 200

/** Another code of the same length. */
export const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0")

export function expectProblem(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code })
  expect(answer.headers.get("content-type")).toContain("application/problem+json")
}

export const count = (answers: Answer[], status: number) =>
  answers.filter((answer) => answer.status === status).length

export function times<T>(n: number, make: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: n }, (_, index) => make(index)))
}

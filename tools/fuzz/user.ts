import type { createCaller } from "./call.ts"
import { createMemory, type Given, type Memory } from "./memory.ts"

type Caller = ReturnType<typeof createCaller>

/** A user of the service, whose requests come one after the other. */
export interface FuzzUser {
  token: string
  refreshToken: string
  memory: Memory
}

/**
 * Signs a new number up and in, by a code in the reply, and does what most requests are about: sets a password, opens
 * a room and asks something in it, once to get a reply that ends early. A code for a new password is then on its way, and one for `friend`, a number that
 * is signed up and not yet in: another code for the same number would have to wait.
 */
export async function signIn(caller: Caller, given: Given, friend: string): Promise<FuzzUser> {
  const { mobileNumber, password } = given
  const memory = createMemory(given)
  let token = ""
  const post = async (template: string, sent: object, params: Record<string, string> = {}) => {
    const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
    const headers = { "content-type": "application/json", ...authorization }
    const path = template.replace("{id}", params.id ?? "")
    const answer = await caller.send({ method: "POST", path, headers, body: JSON.stringify(sent) })
    const body = answer.status < 300 && answer.text !== "" ? JSON.parse(answer.text) : {}
    memory.learn({ template, params, sent, body, link: null })
    return body
  }
  await post("/auth/signup", { mobileNumber })
  const { otp } = await post("/auth/send-otp", { mobileNumber })
  const signedIn = await post("/auth/verify-otp", { mobileNumber, otp })
  if (!signedIn.token) throw new Error("A user of the fuzzer could not sign in.")
  token = signedIn.token
  await post("/auth/change-password", { newPassword: password })
  await post("/auth/forgot-password", { mobileNumber })
  await post("/auth/signup", { mobileNumber: friend })
  await post("/auth/send-otp", { mobileNumber: friend })
  const { id } = await post("/chatroom", {})
  await post("/chatroom/{id}/message", { message: "a question" }, { id })
  await post("/chatroom/{id}/message", { message: "[[gemini: max-tokens after=2]] a long answer" }, { id })
  return { token, refreshToken: signedIn.refreshToken, memory }
}

import type { createCaller } from "./call.ts"
import { createMemory, type Memory } from "./memory.ts"

type Caller = ReturnType<typeof createCaller>

/** A user of the service, whose requests come one after the other. */
export interface FuzzUser {
  token: string
  refreshToken: string
  memory: Memory
}

/** Signs a new number up and in, by a code in the reply, and opens a room, which most requests are about. */
export async function signIn(caller: Caller, mobileNumber: string): Promise<FuzzUser> {
  const post = async (path: string, body: object, token?: string) => {
    const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
    const headers = { "content-type": "application/json", ...authorization }
    const answer = await caller.send({ method: "POST", path, headers, body: JSON.stringify(body) })
    return answer.status < 300 ? JSON.parse(answer.text) : {}
  }
  await post("/auth/signup", { mobileNumber })
  const { otp } = await post("/auth/send-otp", { mobileNumber })
  const { token, refreshToken } = await post("/auth/verify-otp", { mobileNumber, otp })
  if (!token) throw new Error("A user of the fuzzer could not sign in.")
  const memory = createMemory()
  memory.learn("/chatroom", {}, await post("/chatroom", {}, token), null)
  return { token, refreshToken, memory }
}

import { type ClientOptions, createClient, memoryTokens } from "../../packages/client/src/index.ts"
import { newMobileNumber, type TestApp } from "../helpers/app.ts"

/** A client of the app, not signed in. Waits are short. */
export function newClient(app: TestApp, options: Partial<ClientOptions> = {}) {
  return createClient({ baseUrl: app.url, firstWaitMs: 20, ...options })
}

/** A signed-in client, and what it keeps. */
export async function signedIn(app: TestApp, options: Partial<ClientOptions> = {}) {
  const tokens = memoryTokens()
  const client = newClient(app, { tokens, ...options })
  const mobileNumber = newMobileNumber()
  await client.call("POST /auth/signup", { body: { mobileNumber } })
  const { otp } = await client.call("POST /auth/send-otp", { body: { mobileNumber } })
  await client.call("POST /auth/verify-otp", { body: { mobileNumber, otp: otp as string } })
  const room = await client.call("POST /chatroom", { body: {} })
  return { client, tokens, mobileNumber, room }
}

/** Like `fetch`, but event streams break off after `bytes` bytes, for the first `times` of them. */
export function breakingFetch(bytes: number, times: number) {
  const opened: (string | null)[] = []
  const broken: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return response
    opened.push(new Headers(init?.headers).get("last-event-id"))
    if (opened.length > times) return response
    let left = bytes
    const cut = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        controller.enqueue(chunk.subarray(0, left))
        left -= chunk.length
        if (left <= 0) controller.error(new TypeError("terminated"))
      },
    })
    return new Response(response.body?.pipeThrough(cut), response)
  }
  return { fetch: broken, opened }
}

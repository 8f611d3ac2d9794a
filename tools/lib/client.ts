import { randomUUID } from "node:crypto"
import { MINUTE, pause } from "../../src/utils/time.ts"
import { type Answer, createHttp, type Http, type RequestOptions } from "./http.ts"
import type { Random } from "./random.ts"

/** How soon a client tries again where a server was away. */
const RETRY_MS = 100

/** A service that is away for longer than this isn't coming back. */
const GIVE_UP_MS = MINUTE

/** An answer, and how often it was asked for. */
interface Told extends Answer {
  tries: number
}

export type Client = ReturnType<typeof createClient>

/** Creates a client of all API processes, as a load balancer would make them one. */
export function createClient(urls: string[], random: Random, signal: AbortSignal) {
  const apis = urls.map((url) => createHttp(url))
  let retries = 0
  const refusals = new Map<number, number>()
  const any = () => random.pick(apis)
  const insist = async (send: (http: Http) => Promise<Answer>): Promise<Told> => {
    let http = any()
    const startedAt = performance.now()
    for (let tries = 1; ; tries++) {
      signal.throwIfAborted()
      const answer = await send(http).catch((error: unknown) => error as Error)
      if (!(answer instanceof Error) && answer.status < 500) return { ...answer, tries }
      if (!(answer instanceof Error)) refusals.set(answer.status, (refusals.get(answer.status) ?? 0) + 1)
      if (performance.now() - startedAt > GIVE_UP_MS)
        throw new Error("no server has answered for a minute", { cause: answer })
      retries += 1
      const others = apis.filter((api) => api !== http)
      if (others.length > 0) http = random.pick(others)
      await pause(RETRY_MS, signal)
    }
  }
  return {
    /** One of the processes. */
    any,
    /**
     * Sends until a server has answered with anything but a 5xx. Every POST carries an idempotency key, so that a
     * try whose answer was lost isn't done twice.
     */
    post(path: string, body: object, options: RequestOptions = {}) {
      const headers = { "Idempotency-Key": randomUUID(), ...options.headers }
      return insist((http) => http.post(path, body, { ...options, headers, signal }))
    },
    /** As for POST, but without a key: done twice is done once. */
    patch: (path: string, body: object, options?: RequestOptions) =>
      insist((http) => http.patch(path, body, { ...options, signal })),
    /** A second try, after an answer that was lost, finds nothing: 404. */
    delete: (path: string, options?: RequestOptions) =>
      insist((http) => http.delete(path, { ...options, signal })),
    get: (path: string, options?: RequestOptions) => insist((http) => http.get(path, { ...options, signal })),
    /** Tries that failed. */
    retries: () => retries,
    /** Of these, how many the server answered with a 5xx, by status. */
    refusals: (): ReadonlyMap<number, number> => refusals,
  }
}

/** Someone with a session that is kept alive. */
export type User = Awaited<ReturnType<typeof signUp>>

/** Older tokens are exchanged: a drill may last longer than one. */
const TOKEN_MAX_AGE_MS = 5 * MINUTE

/** Signs up and in by a code, over HTTP. */
export async function signUp(client: Client, mobileNumber: string) {
  await client.post("/auth/signup", { mobileNumber })
  const sent = await client.post("/auth/send-otp", { mobileNumber })
  const session = await client.post("/auth/verify-otp", { mobileNumber, otp: sent.body.otp })
  if (session.status !== 200) throw new Error(`sign-in failed: ${JSON.stringify([sent.body, session.body])}`)
  let pair = { ...session.body, at: Date.now() } as { token: string; refreshToken: string; at: number }
  let refreshing: Promise<void> | undefined
  const refresh = async () => {
    const { status, body } = await client.post("/auth/refresh", { refreshToken: pair.refreshToken })
    if (status !== 200) throw new Error(`refresh failed: ${JSON.stringify(body)}`)
    pair = { ...body, at: Date.now() }
  }
  return {
    id: session.body.user.id as string,
    /** A valid access token. */
    async token() {
      if (Date.now() - pair.at > TOKEN_MAX_AGE_MS) {
        refreshing ??= refresh().finally(() => {
          refreshing = undefined
        })
        await refreshing
      }
      return pair.token
    },
  }
}

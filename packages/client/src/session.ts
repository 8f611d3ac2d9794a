import type { Reply } from "./endpoint.ts"
import { ApiError } from "./error.ts"
import { type TokenStore, type Tokens, tokensOf } from "./tokens.ts"

export interface SessionOptions {
  baseUrl: string
  fetch: typeof fetch
  store: TokenStore
  onSignedOut?: (() => void) | undefined
}

const RENEWAL_MS = 30_000

/** Sends requests with the current access token, which it renews shortly before its end, or once when the service rejects it. */
export function createSession({ baseUrl, fetch, store, onSignedOut }: SessionOptions) {
  let renewing: Promise<Tokens | null> | null = null
  const alone = <T>(renew: () => Promise<T>) => (store.alone ? store.alone(renew) : renew())

  async function send(url: string, init: RequestInit): Promise<Response> {
    const tokens = await current()
    const response = await fetch(url, authorized(init, tokens))
    if (response.status !== 401 || !tokens) return response
    if (!(await isTokenRefused(response.clone()))) return response
    const renewed = await renew(tokens)
    if (!renewed) return response
    await response.body?.cancel()
    return fetch(url, authorized(init, renewed))
  }

  /** A token whose end is near is renewed. Where that fails, it may still be good. */
  async function current(): Promise<Tokens | null> {
    const tokens = await store.get()
    if (!tokens?.renewAt || Date.now() < tokens.renewAt) return tokens
    return (await renew(tokens).catch(() => null)) ?? tokens
  }

  /** Calls that find the token dead at the same time share one renewal: a refresh token is good once. */
  async function renew(dead: Tokens): Promise<Tokens | null> {
    const current = await store.get()
    if (current && current.token !== dead.token) return current
    renewing ??= alone(() => exchangeUnlessRenewed(dead)).finally(() => {
      renewing = null
    })
    return renewing
  }

  /** Another tab may have renewed, or signed out, while this one waited for its turn. */
  async function exchangeUnlessRenewed(dead: Tokens): Promise<Tokens | null> {
    const current = await store.get()
    return current?.token === dead.token ? exchange(dead) : current
  }

  async function exchange(dead: Tokens): Promise<Tokens | null> {
    const response = await fetch(`${baseUrl.replace(/\/+$/, "")}/auth/refresh`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ refreshToken: dead.refreshToken }),
      // Other holders of the store wait for it.
      signal: AbortSignal.timeout(RENEWAL_MS),
    })
    if (response.ok) {
      return replace(dead, tokensOf((await response.json()) as Reply<"POST /auth/refresh">))
    }
    const error = await ApiError.from(response)
    // Only these mean that the session is over; anything else may be temporary.
    if (error.status !== 401 && error.status !== 400) throw error
    const current = await replace(dead, null)
    if (!current) onSignedOut?.()
    return current
  }

  /** Somebody may have signed out meanwhile, or in as another: that stays. @returns what the store has then */
  async function replace(dead: Tokens, tokens: Tokens | null): Promise<Tokens | null> {
    const current = await store.get()
    if (current?.token !== dead.token) return current
    await store.set(tokens)
    return tokens
  }

  return { send }
}

/** Other 401s, such as a wrong code, don't concern the token. */
async function isTokenRefused(response: Response): Promise<boolean> {
  return (await ApiError.from(response)).code === "unauthenticated"
}

function authorized(init: RequestInit, tokens: Tokens | null): RequestInit {
  const headers = new Headers(init.headers)
  if (tokens) headers.set("Authorization", `Bearer ${tokens.token}`)
  return { ...init, headers }
}

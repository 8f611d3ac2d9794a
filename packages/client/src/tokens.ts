/** What a sign-in gives. */
export interface Tokens {
  token: string
  refreshToken: string
  /**
   * From when on a call renews the token first, so that none is refused: milliseconds since 1970, by this machine's clock.
   * Without it the token is renewed when the service refuses it.
   */
  renewAt?: number
}

/** The part of its life after which a token is renewed. */
const RENEWED_AFTER = 0.9

/** @param signedIn what a sign-in or a renewal answers; `expiresIn` in seconds */
export function tokensOf(signedIn: { token: string; refreshToken: string; expiresIn: number }): Tokens {
  const { token, refreshToken, expiresIn } = signedIn
  return { token, refreshToken, renewAt: Date.now() + RENEWED_AFTER * expiresIn * 1000 }
}

/** Where the tokens are kept between calls: give your own to keep them in a cookie or a keychain. */
export interface TokenStore {
  get(): Tokens | null | Promise<Tokens | null>
  /** null: signed out. */
  set(tokens: Tokens | null): void | Promise<void>
  /**
   * Runs a renewal while no other holder of the store runs one. A store that several tabs or processes share needs it: a
   * refresh token is good once.
   */
  alone?<T>(renew: () => Promise<T>): Promise<T>
}

/** Kept as long as the process, or the page. */
export function memoryTokens(initial: Tokens | null = null): TokenStore {
  let tokens = initial
  return {
    get: () => tokens,
    set(changed) {
      tokens = changed
    },
  }
}

/** Kept in a `Storage` such as `localStorage`, which every script of the page can read. */
export function storageTokens(
  storage: {
    getItem(key: string): string | null
    setItem(key: string, value: string): void
    removeItem(key: string): void
  },
  key = "gemini-chat-tokens",
): TokenStore {
  return {
    get() {
      const text = storage.getItem(key)
      return text ? (JSON.parse(text) as Tokens) : null
    },
    set(tokens) {
      if (tokens) {
        const { token, refreshToken, renewAt } = tokens
        storage.setItem(key, JSON.stringify({ token, refreshToken, renewAt }))
      } else storage.removeItem(key)
    },
  }
}

/** What a sign-in gives. */
export interface Tokens {
  token: string
  refreshToken: string
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
      if (tokens)
        storage.setItem(key, JSON.stringify({ token: tokens.token, refreshToken: tokens.refreshToken }))
      else storage.removeItem(key)
    },
  }
}

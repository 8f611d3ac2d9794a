import { timingSafeEqual } from "node:crypto"
import { type KeyRing, type SigningKeys, sign } from "./signing-keys.ts"

/** One generation of a session's refresh token. */
export interface Rotation {
  sessionId: string
  generation: number
}

/**
 * Refresh tokens of the form `<sessionId>.<generation>.<HMAC of both>`. None is stored, and issuing a generation again
 * gives the same token.
 */
export interface RefreshTokens {
  issue(rotation: Rotation): string
  /** Verifies a token, without checking whether its session has ended. @returns null for an invalid token */
  read(token: string): Rotation | null
}

export function createRefreshTokens(keys: KeyRing): RefreshTokens {
  const [newest] = keys
  return {
    issue: ({ sessionId, generation }) => seal(newest, `${sessionId}.${generation}`),
    read(token) {
      const [content, sessionId, generation] = FORM.exec(token) ?? []
      if (!content || !sessionId || !generation) return null
      if (!keys.some((key) => isSame(token, seal(key, content)))) return null
      return { sessionId, generation: Number(generation) }
    },
  }
}

const FORM = /^(?=.{1,100}$)([\da-f-]{36})\.(\d{1,9})(?=\.[\w-]{43}$)/

function seal(key: SigningKeys, content: string): string {
  return `${content}.${sign(key.refresh, content).toString("base64url")}`
}

/** Compares the text and not the decoded bytes, because base64url can encode one value in several ways. */
function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

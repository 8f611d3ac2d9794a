import { timingSafeEqual } from "node:crypto"
import { type SigningKeys, sign } from "./signing-keys.ts"

/** One rotation of a session. */
export interface Rotation {
  sessionId: string
  generation: number
}

/**
 * `<sessionId>.<generation>.<HMAC of both>`: nothing of it is stored, and who may ask for the successor of a
 * generation can be given the same one twice.
 */
export interface RefreshTokens {
  issue(rotation: Rotation): string
  /** @returns null for what this service hasn't issued. Knows nothing of ended sessions. */
  read(token: string): Rotation | null
}

export function createRefreshTokens(keys: readonly SigningKeys[]): RefreshTokens {
  const [newest] = keys as [SigningKeys, ...SigningKeys[]]
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

/** Compares text, not decoded bytes: base64url has several spellings of one value. */
function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

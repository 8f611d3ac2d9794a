import { createHash } from "node:crypto"
import { type KeyRing, sign } from "./signing-keys.ts"

/** A shared link as its row knows it. */
export interface ShareKey {
  id: string
  tokenHash: Buffer
}

/**
 * Tokens of shared links: 256 bits, made of the share's id with the server's secret. None is stored, only its hash, by
 * which it is looked up; so whoever reads the table alone has no link.
 */
export interface ShareTokens {
  issue(shareId: string): { token: string; tokenHash: Buffer }
  /** Hashes what a reader sent, whatever it is. */
  hash(token: string): Buffer
  /** Makes the token of a share again; null once the secret that made it is no longer configured. */
  recover(share: ShareKey): string | null
}

export function createShareTokens(keys: KeyRing): ShareTokens {
  const [newest] = keys
  const make = (key: KeyRing[number], id: string) => sign(key.share, id).toString("base64url")
  return {
    issue(shareId) {
      const token = make(newest, shareId)
      return { token, tokenHash: hash(token) }
    },
    hash,
    recover: ({ id, tokenHash }) =>
      keys.map((key) => make(key, id)).find((token) => hash(token).equals(tokenHash)) ?? null,
  }
}

function hash(token: string): Buffer {
  return createHash("sha256").update(token).digest()
}

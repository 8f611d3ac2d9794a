import { createHmac, createSecretKey, hkdfSync, type KeyObject } from "node:crypto"

/** The JWT secrets. During a rotation there are two: the newest signs, both verify. */
export interface JwtSecrets {
  secret: string
  previousSecret: string | null
}

/** The keys derived from one secret, one per purpose. */
export interface SigningKeys {
  /** Identifies the secret in a token's header without revealing it. */
  id: string
  access: KeyObject
  refresh: KeyObject
  code: KeyObject
  /** Hashes mobile numbers. */
  number: KeyObject
  /** Makes the tokens of shared links. */
  share: KeyObject
}

/** The keys of all valid secrets, newest first. */
export type KeyRing = readonly [SigningKeys, ...SigningKeys[]]

/** Derives the keys of each secret, newest first. */
export function deriveSigningKeys({ secret, previousSecret }: JwtSecrets): KeyRing {
  return [deriveKeys(secret), ...(previousSecret ? [deriveKeys(previousSecret)] : [])]
}

function deriveKeys(secret: string): SigningKeys {
  return {
    id: derive(secret, "key id").subarray(0, 6).toString("base64url"),
    access: createSecretKey(Buffer.from(secret)),
    refresh: createSecretKey(derive(secret, "refresh token")),
    code: createSecretKey(derive(secret, "one-time code")),
    number: createSecretKey(derive(secret, "mobile number")),
    share: createSecretKey(derive(secret, "shared link")),
  }
}

/** Computes an HMAC-SHA256. */
export function sign(key: KeyObject, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest()
}

function derive(secret: string, label: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", label, 32))
}

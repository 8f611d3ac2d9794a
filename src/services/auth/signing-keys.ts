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
}

/** Derives the keys of each secret, newest first. */
export function deriveSigningKeys({ secret, previousSecret }: JwtSecrets): SigningKeys[] {
  return [secret, ...(previousSecret ? [previousSecret] : [])].map((each) => ({
    id: derive(each, "key id").subarray(0, 6).toString("base64url"),
    access: createSecretKey(Buffer.from(each)),
    refresh: createSecretKey(derive(each, "refresh token")),
    code: createSecretKey(derive(each, "one-time code")),
  }))
}

/** Computes an HMAC-SHA256. */
export function sign(key: KeyObject, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest()
}

function derive(secret: string, label: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", label, 32))
}

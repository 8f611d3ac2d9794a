import { createHmac, createSecretKey, hkdfSync, type KeyObject } from "node:crypto"

/** What is signed with. While a secret is being replaced there are two: the newest signs, both verify. */
export interface JwtSecrets {
  secret: string
  previousSecret: string | null
}

/** The keys of one secret, each good for one thing only. */
export interface SigningKeys {
  /** Names the secret in a token's header; tells nothing of it. */
  id: string
  access: KeyObject
  refresh: KeyObject
  code: KeyObject
}

/** @returns newest first */
export function deriveSigningKeys({ secret, previousSecret }: JwtSecrets): SigningKeys[] {
  return [secret, ...(previousSecret ? [previousSecret] : [])].map((each) => ({
    id: derive(each, "key id").subarray(0, 6).toString("base64url"),
    access: createSecretKey(Buffer.from(each)),
    refresh: createSecretKey(derive(each, "refresh token")),
    code: createSecretKey(derive(each, "one-time code")),
  }))
}

/** HMAC-SHA256. */
export function sign(key: KeyObject, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest()
}

function derive(secret: string, label: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", label, 32))
}

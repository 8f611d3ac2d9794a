import { createHmac, generateKeyPairSync, sign } from "node:crypto"
import jwt from "jsonwebtoken"

/** Another token with the right form; `null` takes a header or a claim away. */
interface Change {
  header?: Record<string, unknown>
  claims?: Record<string, unknown>
  secret: string
  algorithm?: "HS256" | "HS384" | "HS512" | "RS256" | "none"
}

/** `token` with changes, signed by `secret`: what somebody who knew it, or was believed to, could make. */
export function forge(
  token: string,
  { header = {}, claims = {}, secret, algorithm = "HS256" }: Change,
): string {
  const good = jwt.decode(token, { complete: true }) as jwt.Jwt
  const parts = [
    encode({ ...good.header, alg: algorithm, ...header }),
    encode({ ...(good.payload as object), ...claims }),
  ].join(".")
  return `${parts}.${signatureOf(parts, secret, algorithm)}`
}

function encode(part: Record<string, unknown>): string {
  const kept = Object.fromEntries(Object.entries(part).filter(([, value]) => value !== null))
  return Buffer.from(JSON.stringify(kept)).toString("base64url")
}

function signatureOf(text: string, secret: string, algorithm: NonNullable<Change["algorithm"]>): string {
  if (algorithm === "none") return ""
  if (algorithm === "RS256") return sign("sha256", Buffer.from(text), privateKey).toString("base64url")
  return createHmac(`sha${algorithm.slice(2)}`, secret)
    .update(text)
    .digest("base64url")
}

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })

/** The same token with its middle character changed. */
export function tamper(text: string): string {
  const at = Math.floor(text.length / 2)
  return text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1)
}

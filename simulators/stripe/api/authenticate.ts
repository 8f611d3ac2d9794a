import { Refused } from "../model/refusals.ts"

/** Lets in whoever has a key that begins with `sk_test_`. Refuses others as Stripe does. */
export function requireKey(authorization: string) {
  const key = keyOf(authorization)
  if (key === "") throw unauthorized(MISSING)
  if (!/^(sk|rk)_test_./.test(key)) throw unauthorized(`Invalid API Key provided: ${redacted(key)}`)
}

const MISSING =
  "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."

function keyOf(authorization: string): string {
  const [scheme = "", value = ""] = authorization.split(" ")
  if (/^bearer$/i.test(scheme)) return value
  if (!/^basic$/i.test(scheme)) return ""
  return Buffer.from(value, "base64").toString().split(":")[0] ?? ""
}

function redacted(key: string): string {
  return key.length <= 12
    ? "*".repeat(key.length)
    : `${key.slice(0, 8)}${"*".repeat(key.length - 12)}${key.slice(-4)}`
}

function unauthorized(message: string): Refused {
  return new Refused(401, { message, type: "invalid_request_error" })
}

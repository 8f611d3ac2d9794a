import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parseAllDocuments } from "yaml"
import { readConfig } from "../../src/config/env.ts"

export const ROOT = fileURLToPath(new URL("../..", import.meta.url))

export function read(file: string): string {
  return readFileSync(`${ROOT}/${file}`, "utf8")
}

/** The documents of a YAML file. @throws on whatever isn't YAML, keys that come twice among them */
export function readYaml(file: string): unknown[] {
  return parseAllDocuments(read(file), { merge: true }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0]
    return document.toJS()
  })
}

/** What a platform or an operator fills in: values of the right form. */
const FILLED_IN: Record<string, string> = {
  DATABASE_URL: "postgres://chat:0f1e2d3c@db:5432/chat",
  REDIS_URL: "redis://cache:6379",
  PUBLIC_URL: "https://chat.example.com",
  JWT_SECRET: "one-of-the-tests-0123456789abcdefghijklmnop",
  ADMIN_TOKEN: "another-of-the-tests-0123456789abcdefghijkl",
  GEMINI_API_KEY: "AQ.key",
  STRIPE_SECRET_KEY: "sk_test_key",
  STRIPE_WEBHOOK_SECRET: "whsec_Qm4vTz81Xc7Lp2Rb9Ky3WdNa",
  STRIPE_PRICE_PRO: "price_pro",
  OTP_DELIVERY: "twilio",
  OTP_REGIONS: "US",
  TWILIO_ACCOUNT_SID: "AC0",
  TWILIO_AUTH_TOKEN: "token",
  TWILIO_FROM: "+12025550123",
  RATE_LIMIT_SCALE: "1",
}

/**
 * Takes the environment that a deploy file gives to a process, with `null` where somebody fills the value in, and
 * reads it as the process does.
 * @throws {ConfigInvalid} where production wouldn't start with it
 * @throws where codes would be sent to every country: allowed, and not what an example should bring about
 */
export function readAsProduction(given: Record<string, string | null>) {
  const variables = Object.entries(given).map(([name, value]) => [name, value || FILLED_IN[name]])
  const config = readConfig({ NODE_ENV: "production", ...Object.fromEntries(variables) })
  if (config.otp.delivery === "twilio" && config.otp.regions.length === 0)
    throw new Error("OTP_DELIVERY is twilio, and there is no OTP_REGIONS")
  return config
}

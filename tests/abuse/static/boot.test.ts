import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { readConfig } from "../../../src/config/env.ts"
import { secretsOf } from "../../../src/config/secrets.ts"
import { configFaults } from "../../helpers/config.ts"

const STRONG = "bN3vQ8xkZ1pLw7sTf5hYr2uGm6jDc9eA"

const PRODUCTION = {
  NODE_ENV: "production",
  DATABASE_URL: "postgres://app:s3cret-of-the-db@127.0.0.1:1/app",
  REDIS_URL: "redis://:s3cret-of-redis@127.0.0.1:1",
  JWT_SECRET: STRONG,
  GEMINI_API_KEY: "a-key-of-gemini-c0ffee",
  OTP_DELIVERY: "twilio",
  TWILIO_ACCOUNT_SID: "AC00000000000000000000000000000000",
  TWILIO_AUTH_TOKEN: "a-token-of-twilio-d15ea5e",
  TWILIO_FROM: "+15005550006",
  PUBLIC_URL: "https://chat.example",
  STRIPE_SECRET_KEY: "sk_live_51H8aQwErTyUiOpAsDf",
  STRIPE_WEBHOOK_SECRET: "whsec_bN3vQ8xkZ1pLw7sTf5hYr2uG",
  STRIPE_PRICE_PRO: "price_1H8aQwErTyUiOp",
  ADMIN_TOKEN: [...STRONG].reverse().join(""),
}

const faultsOf = (change: Record<string, string>) => configFaults({ ...PRODUCTION, ...change })

/** Variables by the names in the example, so that a new one isn't forgotten. */
const NAMES = [
  ...readFileSync(new URL("../../../.env.example", import.meta.url), "utf8").matchAll(/^#([A-Z_]+)=/gm),
].map(([, name]) => name as string)
const SECRETS = NAMES.filter((name) => /SECRET|TOKEN(?!S)|_KEY|PASSWORD/.test(name))

describe("production doesn't start with", () => {
  test("nothing wrong, but it does", () => expect(faultsOf({})).toEqual([]))

  test.each([
    ["JWT_SECRET", "short"],
    ["JWT_SECRET", "x".repeat(64)],
    ["JWT_SECRET", "abababababababababababababababababababab"],
    ["JWT_SECRET", "your-super-secret-jwt-key-here"],
    ["JWT_SECRET", "your-super-secret-jwt-key-here-change-it"],
    ["JWT_SECRET", "please-changeme-please-changeme-please"],
    ["JWT_SECRET", "replace-me-with-a-long-random-string-now"],
    ["JWT_SECRET", "0123456789abcdef0123456789abcdef"],
    ["JWT_SECRET", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"],
    ["JWT_SECRET", "9876543210zyxwvutsrqponmlkjihgfedcba"],
    ["JWT_SECRET", "correct-horse-correct-horse-correct-horse"],
    ["JWT_SECRET", "my-very-own-jwt-secret-of-this-company"],
    ["JWT_SECRET_PREVIOUS", "short"],
    ["JWT_SECRET_PREVIOUS", "y".repeat(40)],
    ["ADMIN_TOKEN", "admin"],
    ["ADMIN_TOKEN", "0".repeat(32)],
    ["GEMINI_API_KEY", "your_google_gemini_api_key"],
    ["GEMINI_API_KEY", "YOUR_API_KEY"],
    ["GEMINI_API_KEY", "changeme"],
    ["TWILIO_AUTH_TOKEN", "your_auth_token"],
    ["STRIPE_SECRET_KEY", "your_stripe_secret_key"],
    ["STRIPE_WEBHOOK_SECRET", "your_stripe_webhook_secret"],
    ["STRIPE_WEBHOOK_SECRET", "whsec_none"],
    ["STRIPE_WEBHOOK_SECRET", "x"],
    ["STRIPE_WEBHOOK_SECRET", `whsec_${"x".repeat(24)}`],
    ["STRIPE_WEBHOOK_SECRET", "whsec_123456789012345678901234"],
    ["STRIPE_WEBHOOK_SECRET", "whsec_bN3vQ8xkZ1pLw7sTf5hYr2uG,whsec_none"],
    ["DATABASE_URL", "postgres://app:changeme@one,two/app"],
    ["DATABASE_URL", "postgres://USER:PASSWORD@HOST:5432/NAME"],
    ["DATABASE_URL", "postgres://postgres:changeme@db/app"],
  ])("%s=%s", (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual(expect.arrayContaining([expect.stringMatching(`^${name}: `)]))
  })

  test("no secret that openssl has made", () => {
    for (let n = 0; n < 2_000; n++) {
      const bytes = randomBytes(48)
      for (const secret of [bytes.toString("base64"), bytes.subarray(0, 16).toString("hex")])
        expect([secret, faultsOf({ JWT_SECRET: secret })]).toEqual([secret, []])
    }
  })

  test("one secret for two things", () => {
    expect(faultsOf({ ADMIN_TOKEN: STRONG })).toEqual([expect.stringMatching(/^ADMIN_TOKEN: .*JWT_SECRET/)])
  })

  test("origins that no browser sends", () => {
    for (const origin of [
      "https://chat.example/",
      "https://chat.example/path",
      "https://a@chat.example",
      "https://CHAT.example",
    ])
      expect(faultsOf({ CORS_ORIGINS: origin })).toEqual([expect.stringMatching(/^CORS_ORIGINS: /)])
    for (const origin of ["*", "null", "https://*.example", "javascript:alert(1)"])
      expect([origin, faultsOf({ CORS_ORIGINS: origin }).length]).toEqual([origin, 1])
    expect(faultsOf({ CORS_ORIGINS: "https://chat.example, http://localhost:5173" })).toEqual([])
  })

  test("everything wrong, and names it all at once, and no value", () => {
    const weak = Object.fromEntries(SECRETS.map((name) => [name, "hunter2"]))
    const faults = faultsOf({
      ...weak,
      PORT: "x",
      TRUST_PROXY: "true",
      DATABASE_URL: "mysql://root:hunter2@x",
      REDIS_URL: "",
      ROLE: "api",
    })
    const named = new Set(faults.map((fault) => fault.split(":")[0]))
    for (const name of [
      "JWT_SECRET",
      "JWT_SECRET_PREVIOUS",
      "ADMIN_TOKEN",
      "PORT",
      "TRUST_PROXY",
      "DATABASE_URL",
      "REDIS_URL",
    ])
      expect(named).toContain(name)
    expect(faults.join()).not.toContain("hunter2")
  })
})

test("every variable that is a secret is kept out of the log by its value", () => {
  expect(SECRETS).toEqual(
    expect.arrayContaining(["JWT_SECRET", "ADMIN_TOKEN", "GEMINI_API_KEY", "TWILIO_AUTH_TOKEN"]),
  )
  const values = Object.fromEntries(SECRETS.map((name) => [name, `sk_test_value_of_${name}_bN3vQ8xkZ1p`]))
  const known = secretsOf(
    readConfig({
      ...values,
      STRIPE_PRICE_PRO: PRODUCTION.STRIPE_PRICE_PRO,
      DATABASE_URL: PRODUCTION.DATABASE_URL,
      REDIS_URL: PRODUCTION.REDIS_URL,
    }),
  )
  expect(known).toEqual(
    expect.arrayContaining([...Object.values(values), "s3cret-of-the-db", "s3cret-of-redis"]),
  )
})

test.each([
  ["postgres://app:pass%2Fword@one:5432,two:5432/app", ["pass%2Fword", "pass/word"]],
  ["postgres://app@db/app", []],
])("the passwords in %s are %j", (DATABASE_URL, passwords) => {
  expect(secretsOf(readConfig({ DATABASE_URL }))).toEqual(passwords)
})

test.each([
  ["redis+cluster://:cluster-pass@one:6379,two:6379", ["cluster-pass"]],
  ["redis+sentinel://u:the-pass@one,two/main/0?sentinel_password=other-pass", ["the-pass", "other-pass"]],
])("the passwords in %s are %j", (REDIS_URL, passwords) => {
  expect([...new Set(secretsOf(readConfig({ REDIS_URL })))]).toEqual(passwords)
})

import { expect, test } from "vitest"
import { readConfig } from "../../src/config/env.ts"
import { secretsOf } from "../../src/config/secrets.ts"
import { startProcess, testStack } from "./kit.ts"
import { fixture } from "./programs.ts"

const ALWAYS = ["DATABASE_URL", "JWT_SECRET", "GEMINI_API_KEY", "OTP_DELIVERY", "PUBLIC_URL"]

test.each([
  { entry: "src/server.ts", role: "all", missing: ALWAYS },
  { entry: "src/server.ts", role: "api", missing: [...ALWAYS, "REDIS_URL"] },
  { entry: "src/worker.ts", role: "worker", missing: [...ALWAYS, "REDIS_URL"] },
])("production as $role without keys doesn't start, and lists every missing one", async (start) => {
  const env = { NODE_ENV: "production", ROLE: start.role, GEMINI_API_KEY: "" }
  const child = await startProcess(testStack(), { entry: start.entry, env })
  expect((await child.ended).code).toBe(1)
  for (const name of start.missing) expect(child.output()).toContain(`- ${name}: missing`)
  expect(child.output()).not.toMatch(/^\s+at /m)
})

test("a start that fails, because its stores aren't there, shows no secret", async () => {
  const env = {
    NODE_ENV: "production",
    DATABASE_URL: "postgres://app:s3cret-of-the-db@127.0.0.1:1/app",
    REDIS_URL: "redis://:s3cret-of-redis@127.0.0.1:1",
    JWT_SECRET: "bN3vQ8xkZ1pLw7sTf5hYr2uGm6jDc9eA",
    GEMINI_API_KEY: "a-key-of-gemini-c0ffee",
    OTP_DELIVERY: "twilio",
    TWILIO_ACCOUNT_SID: "AC00000000000000000000000000000000",
    TWILIO_AUTH_TOKEN: "a-token-of-twilio-d15ea5e",
    TWILIO_FROM: "+15005550006",
    PUBLIC_URL: "https://chat.example",
    STRIPE_SECRET_KEY: "sk_live_51H8aQwErTyUiOpAsDf",
    STRIPE_WEBHOOK_SECRET: "whsec_bN3vQ8xkZ1pLw7sTf5hYr2uG",
    STRIPE_PRICE_PRO: "price_1H8aQwErTyUiOp",
  }
  const child = await startProcess(testStack(), { entry: fixture("impatient-server.ts"), env })
  expect((await child.ended).code).toBe(1)
  expect(child.output()).toContain("isn't ready after 0.3 s: ECONNREFUSED. Check DATABASE_URL.")
  const secrets = secretsOf(readConfig(env))
  expect(secrets.length).toBeGreaterThan(5)
  for (const secret of secrets) expect(child.output()).not.toContain(secret)
})

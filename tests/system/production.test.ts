import { expect, test } from "vitest"
import { MINUTE } from "../../src/utils/time.ts"
import { startProcess, testStack } from "./kit.ts"

const STRIPE = ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_PRICE_PRO", "PUBLIC_URL"]
const ALWAYS = ["DATABASE_URL", "JWT_SECRET", "GEMINI_API_KEY", "OTP_DELIVERY", ...STRIPE]

test.each([
  { entry: "src/server.ts", role: "all", missing: ALWAYS },
  { entry: "src/server.ts", role: "api", missing: [...ALWAYS, "REDIS_URL"] },
  { entry: "src/worker.ts", role: "worker", missing: [...ALWAYS, "REDIS_URL"] },
])(
  "production as $role without keys doesn't start, and lists every missing one",
  async ({ entry, role, missing }) => {
    const stack = testStack()
    const env = { NODE_ENV: "production", ROLE: role, GEMINI_API_KEY: "" }
    const child = await startProcess(stack, { entry, env })
    expect((await child.ended).code).toBe(1)
    for (const name of missing) expect(child.output()).toMatch(new RegExp(`- ${name}: missing`))
    expect(child.output()).not.toMatch(/^\s+at /m)
  },
  MINUTE,
)

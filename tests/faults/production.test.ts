import { expect, test } from "vitest"
import { MINUTE } from "../../src/utils/time.ts"
import { startChild } from "../../tools/lib/child.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { testStack } from "./kit.ts"

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
    const folder = await openFolder(stack)
    const env = { NODE_ENV: "production", ROLE: role, DATA_DIR: folder, PORT: "0" }
    const child = startChild({ entry, env, cwd: folder })
    stack.defer(async () => void (await child.kill("SIGKILL")))
    expect((await child.ended).code).toBe(1)
    for (const name of missing) expect(child.output()).toMatch(new RegExp(`- ${name}: missing`))
    expect(child.output()).not.toMatch(/^\s+at /m)
  },
  MINUTE,
)

import { expect, test } from "vitest"
import { startTestApp } from "../helpers/app.ts"

// Redis's client puts what is asked for in one turn of the event loop into one pipeline, which knows only the scripts
// that were defined before it: https://github.com/redis/ioredis/issues/1931
test("the first counted request may come in the same moment as another that asks the store", async () => {
  await using app = await startTestApp({ worker: false })
  const read = app.ctx.cache.read("a key")
  const counted = app.ctx.rateLimits.consume("auth", "somebody")
  expect(await read).toBe(null)
  expect(await counted).toMatchObject({ allowed: true })
  expect(app.logs()).not.toContain("rate limits are counted in this process only")
})

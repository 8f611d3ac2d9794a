import { tmpdir } from "node:os"
import { expect, test } from "vitest"
import { startTestApp, type TestApp } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"

const app = useTestApp({ worker: false, config: { dataDir: "/nowhere/that/exists" } })

const ready = async (of: TestApp) => (await of.http.get("/health/ready")).body

test("a worker is counted by its heartbeat, whose age grows when it is gone", async () => {
  expect(await ready(app)).toMatchObject({ status: "degraded", workers: 0, heartbeatAgeMs: null })
  const working = await startTestApp({ beside: app })
  await expect.poll(() => ready(app)).toMatchObject({ status: "ready", workers: 1 })
  expect((await ready(app)).heartbeatAgeMs).toBeLessThan(10_000)
  await working.close()
  // A heartbeat of a worker that was killed, by the database's clock.
  await app.query(
    "INSERT INTO workers (id, seen_at) VALUES (gen_random_uuid(), now() - interval '42 seconds')",
  )
  const gone = await ready(app)
  expect(gone).toMatchObject({ status: "degraded", workers: 0 })
  expect(gone.heartbeatAgeMs).toBeGreaterThanOrEqual(42_000)
})

test.each([
  { lowBytes: 0, disk: "ok" },
  { lowBytes: Number.MAX_SAFE_INTEGER, disk: "low" },
])("with less than $lowBytes bytes wanted under DATA_DIR the disk is $disk", async ({ lowBytes, disk }) => {
  await using other = await startTestApp({ beside: app, config: { dataDir: tmpdir(), disk: { lowBytes } } })
  await expect
    .poll(() => ready(other))
    .toMatchObject({ status: disk === "ok" ? "ready" : "degraded", workers: 1, disk })
  expect((await other.http.get("/health/ready")).status).toBe(200)
})

test("where nothing is kept the disk is unused", async () => {
  expect(await ready(app)).toMatchObject({ disk: "unused" })
})

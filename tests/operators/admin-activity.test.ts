import fc from "fast-check"
import { beforeEach, describe, expect, test } from "vitest"
import { COUNT_SQL, countActivity } from "../../src/services/admin/activity/count-activity.ts"
import { addDurations, type Durations, percentile } from "../../src/services/admin/activity/durations.ts"
import { DAY, HOUR, MINUTE } from "../../src/utils/time.ts"
import { expectProblem } from "../helpers/answers.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { setAppNow } from "../helpers/clock.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

// Without a worker's loop, hours are counted when a test says so.
const app = useTestApp({ worker: false })
const ann = useUser(app)

const NOW = new Date("2027-03-15T02:30:00Z")

interface Point {
  at: string
  prompts: number
  completed: number
  failed: number
  cancelled: number
  cost: { amount: string; currency: string }
  latency: { p50Ms: number; p95Ms: number } | null
}

async function activity(range: "day" | "month") {
  const { status, body } = await app.admin.get(`/admin/activity?range=${range}`)
  expect(status).toBe(200)
  return body as { step: string; uncountedHours: number; points: Point[] }
}

const at = (points: Point[], time: string) => points.find((point) => point.at === time)

interface Made {
  at: string | Date
  tookMs?: number
  status?: "completed" | "failed" | "cancelled"
  cost?: string
  isCopy?: boolean
  count?: number
}

/** Writes replies as they are stored: what counts are their times, and no test waits for those. */
async function made({ at, tookMs = 1_000, status = "completed", cost, isCopy = false, count = 1 }: Made) {
  await app.query(
    `WITH room AS (INSERT INTO chatrooms (user_id, id, name) VALUES ($1, gen_random_uuid(), 'made') RETURNING *)
     INSERT INTO messages (user_id, id, chatroom_id, position, role, content, status, error_code, created_at,
       completed_at, cost_amount, is_copy)
     SELECT $1, gen_random_uuid(), room.id, n, 'model', '', $2, $3, $4::timestamptz,
       $4::timestamptz + $5 * interval '1 millisecond', $6::numeric, $7
     FROM room, generate_series(1, $8::int) AS n`,
    ann.user.id,
    status,
    status === "failed" ? "provider_error" : null,
    at,
    tookMs,
    cost ?? null,
    isCopy,
    count,
  )
}

beforeEach(async () => {
  await app.query("DELETE FROM chatrooms")
  await app.query("DELETE FROM activity_hours")
  await setAppNow(app.pool, NOW)
})

describe("the shape", () => {
  test("a day has 24 hours, the present one last, and nothing happened", async () => {
    const { step, points } = await activity("day")
    expect(step).toBe("hour")
    expect(points.map((point) => point.at)).toEqual(
      Array.from({ length: 24 }, (_, n) =>
        new Date(Date.parse("2027-03-14T03:00:00Z") + n * HOUR).toISOString(),
      ),
    )
    expect(points.at(-1)).toEqual({
      at: "2027-03-15T02:00:00.000Z",
      prompts: 0,
      completed: 0,
      failed: 0,
      cancelled: 0,
      cost: { amount: "0", currency: "USD" },
      latency: null,
    })
  })

  test("a month has 30 UTC days, today last, over a month's end and whatever the clocks do", async () => {
    await setAppNow(app.pool, new Date("2027-04-01T00:00:00Z"))
    const { step, points } = await activity("month")
    expect(step).toBe("day")
    expect(points.map((point) => point.at)).toEqual(
      Array.from({ length: 30 }, (_, n) =>
        new Date(Date.parse("2027-03-03T00:00:00Z") + n * DAY).toISOString(),
      ),
    )
  })

  test("a day is the default, and other ranges and fields are refused", async () => {
    expect((await app.admin.get("/admin/activity")).body.range).toBe("day")
    for (const query of ["range=year", "range=", "from=2027-01-01"])
      expectProblem(await app.admin.get(`/admin/activity?${query}`), 400, "invalid_request")
  })
})

describe("what is counted", () => {
  test("replies by their end, prompts by their beginning, copies not at all", async () => {
    await made({ at: "2027-03-14T22:59:59Z", tookMs: 2_000, cost: "0.000000000001" })
    await made({ at: "2027-03-14T23:10:00Z", cost: "0.1" })
    await made({ at: "2027-03-14T23:10:00Z", status: "failed" })
    await made({ at: "2027-03-14T23:59:59Z", tookMs: 999, status: "cancelled" })
    await made({ at: "2027-03-15T00:00:00Z" })
    await made({ at: "2027-03-14T23:30:00Z", isCopy: true })
    await countActivity(app.ctx)
    const { points } = await activity("day")
    expect(at(points, "2027-03-14T22:00:00.000Z")).toMatchObject({ prompts: 1, completed: 0 })
    expect(at(points, "2027-03-14T23:00:00.000Z")).toMatchObject({
      prompts: 3,
      completed: 2,
      failed: 1,
      cancelled: 1,
      cost: { amount: "0.100000000001", currency: "USD" },
    })
    expect(at(points, "2027-03-15T00:00:00.000Z")).toMatchObject({ prompts: 1, completed: 1 })
    const { points: days } = await activity("month")
    expect(at(days, "2027-03-14T00:00:00.000Z")).toMatchObject({ prompts: 4, completed: 2, failed: 1 })
    expect(at(days, "2027-03-15T00:00:00.000Z")).toMatchObject({ prompts: 1, completed: 1, cancelled: 0 })
  })

  test("the present hour and the one before it are there at once, the others once a worker has counted them", async () => {
    for (const time of ["2027-03-15T02:29:00Z", "2027-03-15T01:59:00Z", "2027-03-15T00:59:00Z"])
      await made({ at: time })
    const before = await activity("day")
    expect(before.points.slice(-3).map(({ prompts }) => prompts)).toEqual([0, 1, 1])
    expect(before.uncountedHours).toBe(22)
    await countActivity(app.ctx)
    const after = await activity("day")
    expect(after.points.slice(-3).map(({ prompts }) => prompts)).toEqual([1, 1, 1])
    expect(after.uncountedHours).toBe(0)
  })

  test("an hour is counted a minute after its end, newest first, until a month is counted", async () => {
    await setAppNow(app.pool, new Date("2027-03-15T02:00:30Z"))
    await countActivity(app.ctx)
    const newest = async () =>
      (await app.query("SELECT max(hour) AS hour, count(*)::int AS count FROM activity_hours"))[0]
    expect(await newest()).toEqual({ hour: new Date("2027-03-15T00:00:00Z"), count: 48 })
    await setAppNow(app.pool, new Date("2027-03-15T02:01:00Z"))
    for (let round = 0; round < 20; round++) await countActivity(app.ctx)
    // 29 days and the two hours of today.
    expect(await newest()).toEqual({ hour: new Date("2027-03-15T01:00:00Z"), count: 29 * 24 + 2 })
    expect((await activity("month")).uncountedHours).toBe(0)
  })

  test("what is counted stays when rooms are deleted, and several workers count it once", async () => {
    await made({ at: "2027-03-14T12:00:00Z", count: 7 })
    await Promise.all(Array.from({ length: 8 }, () => countActivity(app.ctx)))
    await app.query("DELETE FROM chatrooms")
    await countActivity(app.ctx)
    const { points } = await activity("day")
    expect(at(points, "2027-03-14T12:00:00.000Z")).toMatchObject({ prompts: 7, completed: 7 })
  })

  test("a reply that an operator retried took as long as since then", async () => {
    await made({ at: "2027-03-15T02:10:00Z", tookMs: 10 * MINUTE })
    await app.query("UPDATE messages SET retried_at = completed_at - interval '3 seconds'")
    const { points } = await activity("day")
    expect(points.at(-1)?.latency?.p50Ms).toBeGreaterThan(2_800)
    expect(points.at(-1)?.latency?.p50Ms).toBeLessThan(3_200)
  })
})

describe("a real reply", () => {
  const served = useTestApp()
  const ben = useUser(served)

  test("is in the present hour, with its time and cost", async () => {
    const reply = await ask(served, ben, await createRoom(served, ben), "hello")
    const { body } = await served.admin.get("/admin/activity")
    const points: Point[] = body.points.slice(-2)
    expect(points.reduce((sum, { completed }) => sum + completed, 0)).toBe(1)
    expect(points.find(({ completed }) => completed === 1)).toMatchObject({
      cost: reply.cost,
      latency: { p50Ms: expect.any(Number), p95Ms: expect.any(Number) },
    })
  })
})

describe("percentiles", () => {
  const rangeOf = (ms: number) => Math.floor(Math.log(ms) / Math.log(1.1))

  test("are within a twentieth of the exact ones", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: HOUR }), { minLength: 1 }),
        fc.constantFrom(0.5, 0.95),
        (times, share) => {
          const durations: Durations = {}
          for (const ms of times) addDurations(durations, { [rangeOf(ms)]: 1 })
          const sorted = times.toSorted((a, b) => a - b)
          const exact = sorted[Math.ceil(share * times.length) - 1] as number
          const found = percentile(durations, share) as number
          // To a millisecond, which is all that short ones have.
          expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.051 + 1)
        },
      ),
    )
  })

  test("of nothing are nothing", () => expect(percentile({}, 0.5)).toBeNull())
})

test("an hour of a large table is found by its times, without reading the rest", async () => {
  const ROWS = 60_000
  await app.query(
    `WITH room AS (INSERT INTO chatrooms (user_id, id, name) VALUES ($1, gen_random_uuid(), 'large') RETURNING *)
     INSERT INTO messages (user_id, id, chatroom_id, position, role, content, status, created_at, completed_at)
     SELECT $1, gen_random_uuid(), room.id, n, 'model', repeat('x', 100), 'completed', made, made + interval '2 seconds'
     FROM room, generate_series(1, $2::int) AS n, LATERAL (SELECT timestamptz '2027-01-01Z' + n * interval '1 minute' AS made) AS time
     ORDER BY n`,
    ann.user.id,
    ROWS,
  )
  await app.query("SELECT brin_summarize_new_values('messages_times')")
  await app.query("ANALYZE messages")
  const hour = new Date("2027-01-20T10:00:00Z")
  const { rows } = await app.pool.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${COUNT_SQL}`, [
    hour,
    new Date(hour.getTime() + HOUR),
  ])
  const scans = scansOf(rows[0]["QUERY PLAN"][0].Plan)
  expect(scans.map((scan) => scan["Node Type"])).toEqual(["Bitmap Heap Scan", "Bitmap Heap Scan"])
  for (const scan of scans) {
    expect(scan["Actual Rows"]).toBe(60)
    expect(scan["Rows Removed by Index Recheck"]).toBeLessThan(ROWS / 10)
  }
})

interface Plan {
  "Node Type": string
  "Relation Name"?: string
  "Actual Rows": number
  "Rows Removed by Index Recheck": number
  Plans?: Plan[]
}

function scansOf(plan: Plan): Plan[] {
  const below = (plan.Plans ?? []).flatMap(scansOf)
  return plan["Relation Name"] === "messages" ? [plan, ...below] : below
}

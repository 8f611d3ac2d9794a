import { describe, expect, test } from "vitest"
import { ADMIN_TOKEN, signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { ask, createRoom, send } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { type Metrics, readMetrics } from "./kit.ts"

const METRICS_TOKEN = "a-metrics-token-that-is-long-enough-to-be-one"

const app = useTestApp({ config: { metrics: { token: METRICS_TOKEN } } })
const ann = useUser(app)

const metrics = async () => readMetrics((await app.http.get("/metrics", { token: METRICS_TOKEN })).body)

const grownBetween = (before: Metrics, after: Metrics) => (name: string, labels?: Record<string, string>) =>
  after.sum(name, labels) - before.sum(name, labels)

describe("the metrics", () => {
  test("count a prompt's way: request, message, attempt, tokens, reply, job", async () => {
    const before = await metrics()
    const room = await createRoom(app, ann)
    const reply = await ask(app, ann, room, "hello")
    await expect
      .poll(async () => (await metrics()).sum("chat_jobs_total", { outcome: "finished" }))
      .toBe(before.sum("chat_jobs_total", { outcome: "finished" }) + 1)
    const grown = grownBetween(before, await metrics())
    const sent = { method: "POST", route: "/chatroom/:id/message", status: "2xx" }
    expect(grown("http_requests_total", sent)).toBe(1)
    expect(grown("http_request_duration_seconds_count", { route: sent.route, method: "POST" })).toBe(1)
    expect(grown("chat_messages_sent_total")).toBe(1)
    expect(grown("chat_reply_attempts_total")).toBe(1)
    expect(grown("chat_reply_first_chunk_seconds_count")).toBe(1)
    expect(grown("chat_reply_attempt_duration_seconds_count", { status: "completed" })).toBe(1)
    expect(grown("chat_replies_finished_total", { status: "completed", code: "none" })).toBe(1)
    expect(grown("chat_tokens_total", { kind: "prompt" })).toBe(reply.usage.promptTokens)
    expect(grown("chat_tokens_total", { kind: "output" })).toBe(reply.usage.outputTokens)
  })

  test("count sign-ins, failures by code, refusals of the quota", async () => {
    const user = await signIn(app)
    const before = await metrics()
    const room = await createRoom(app, user)
    const refused = await ask(app, user, room, "[[gemini: safety after=2]] no")
    expect(refused.error.code).toBe("blocked")
    for (let used = 0; used < 5; used++) await send(app, user, room, `number ${used}`)
    expect((await send(app, user, room, "one too many")).status).toBe(429)
    await signIn(app)
    const grown = grownBetween(before, await metrics())
    expect(grown("chat_reply_attempt_failures_total", { code: "blocked" })).toBe(1)
    expect(grown("chat_tokens_total", { kind: "output" })).toBeGreaterThanOrEqual(refused.usage.outputTokens)
    expect(grown("chat_quota_refused_total", { tier: "basic" })).toBe(1)
    expect(grown("chat_sign_ins_total", { by: "otp" })).toBe(1)
    expect(grown("http_requests_total", { route: "/chatroom/:id/message", status: "4xx" })).toBe(1)
  })

  test("tell queue, workers, pools, streams and the process as they are now", async () => {
    const room = await createRoom(app, ann)
    const gone = new AbortController()
    const stream = ann.http.events(`/chatroom/${room.id}/events`, { signal: gone.signal })
    await stream.next()
    await expect.poll(async () => (await metrics()).sum("chat_workers")).toBe(1)
    const now = await metrics()
    expect(now.sum("chat_open_streams")).toBe(1)
    expect(now.sum("chat_workers_capacity")).toBe(app.ctx.config.worker.concurrency)
    expect(now.labels("chat_queue_jobs", "state")).toEqual(expect.arrayContaining(["active", "delayed"]))
    expect(now.sum("chat_pg_pool_connections", { pool: "statements" })).toBeGreaterThan(0)
    expect(now.sum("nodejs_eventloop_lag_p99_seconds")).toBeGreaterThan(0)
    expect(now.sum("process_resident_memory_bytes")).toBeGreaterThan(1e6)
    const sweep = { loop: "sweep of waiting replies", outcome: "ok" }
    expect(now.sum("chat_worker_rounds_total", sweep)).toBeGreaterThan(0)
    if (app.ctx.redis) expect(now.sum("chat_store_up", { store: "redis" })).toBe(1)
    gone.abort()
    await stream.next().catch(() => undefined)
    await expect.poll(async () => (await metrics()).sum("chat_open_streams")).toBe(0)
  })

  test("hold no id, number or path, whatever was asked for", async () => {
    await app.http.get(`/canary-${ann.user.id}`)
    await ann.http.get(`/chatroom/${ann.user.id}?q=canary`)
    // A router's path matches in any case, and Node takes some thirty methods.
    await fetch(`${app.url}/aDmIn/QuEuEs`, { headers: { Accept: "text/html" }, redirect: "manual" })
    await fetch(`${app.url}/chatroom`, { method: "PURGE" })
    const { body } = await app.http.get("/metrics", { token: METRICS_TOKEN })
    for (const label of ['route="unmatched"', 'route="/admin/queues"', 'method="other"'])
      expect(body).toContain(label)
    for (const asked of ["QuEuEs", "PURGE", "canary", ann.mobileNumber.slice(1)])
      expect(body).not.toContain(asked)
    expect(body).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/)
    // What a process starts with plus some per route: nothing that grows with users.
    expect(body.match(/^[^#\n].*$/gm).length).toBeLessThan(1_500)
  })
})

describe("/metrics", () => {
  const statusOf = async (of: TestApp, token?: string) => (await of.http.get("/metrics", { token })).status

  test("opens to the metrics token and the admin token, and to nobody else", async () => {
    expect(await statusOf(app, METRICS_TOKEN)).toBe(200)
    expect(await statusOf(app, ADMIN_TOKEN)).toBe(200)
    for (const token of [undefined, ann.token, `${METRICS_TOKEN}x`])
      expect(await statusOf(app, token)).toBe(401)
  })

  test.each([
    { production: false, status: 200 },
    { production: true, status: 401 },
  ])("without any token, in production: $production, answers $status", async ({ production, status }) => {
    const config = { production, metrics: { token: null }, admin: { token: null } }
    await using other = await startTestApp({ beside: app, worker: false, config })
    expect(await statusOf(other)).toBe(status)
    expect(await statusOf(other, "null")).toBe(status)
  })
})

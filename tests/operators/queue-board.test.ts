import { expect, test } from "vitest"
import { z } from "zod"
import { ADMIN_TOKEN, signIn } from "../helpers/app.ts"
import { createRoom, send } from "../helpers/chat.ts"
import { useTestApp } from "../helpers/use-app.ts"

const Queues = z.object({
  queues: z.array(z.object({ name: z.string(), jobs: z.array(z.object({ data: z.unknown() })) })),
})

const app = useTestApp({ worker: false })

/** The board is another project's and no part of the contract that `app.http` checks. */
const ask = (path: string, method = "GET") =>
  fetch(`${app.url}/admin/queues${path}`, { method, headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } })

const jobsOf = async (name: string, status: string) => {
  const answer = await ask(`/api/queues?activeQueue=${name}&status=${status}`)
  const { queues } = Queues.parse(await answer.json())
  return queues.find((queue) => queue.name === name)?.jobs.map(({ data }) => data)
}

test("shows both queues and their jobs, which hold ids alone", async () => {
  const user = await signIn(app)
  const { reply } = (await send(app, user, await createRoom(app, user), "canary-text")).body
  await expect
    .poll(() => jobsOf("gemini-queue", "prioritized"))
    .toEqual([{ userId: user.user.id, messageId: reply.id }])
  expect(await jobsOf("billing-queue", "latest")).toEqual([])
})

test("its page and all that it loads come from here, under a policy of its own", async () => {
  const page = await ask("/")
  expect(page.status).toBe(200)
  expect(page.headers.get("content-security-policy")).toContain("script-src 'self'")
  expect(page.headers.get("x-powered-by")).toBeNull()
  const html = await page.text()
  const parts = [...html.matchAll(/<(script|link)\b[^>]*?\s(?:src|href)="([^"]+)"/g)]
  expect(parts.filter(([, tag]) => tag === "script").length).toBeGreaterThan(0)
  expect(parts.filter(([, tag]) => tag === "link").length).toBeGreaterThan(1)
  const foreign = /(?:\bsrc=|\bhref=|\burl\(|@import)\s*["']?(?:https?:)?\/\//
  expect(html).not.toMatch(foreign)
  for (const [, , path = ""] of parts) {
    const part = await ask(`/${path}`)
    expect([path, part.status]).toEqual([expect.stringMatching(/^static\//), 200])
    if (path.endsWith(".css")) expect(await part.text()).not.toMatch(foreign)
  }
})

test("a browser that isn't signed in is redirected to the sign-in page", async () => {
  const headers = { Accept: "text/html" }
  const answer = await fetch(`${app.url}/admin/queues`, { headers, redirect: "manual" })
  expect(answer.status).toBe(303)
  expect(answer.headers.get("location")).toBe("/admin/sign-in?to=/admin/queues")
})

test.each([
  { change: "no-such-job/retry/failed", status: 404, outcome: "404" },
  { change: "pause", status: 200, outcome: "ok" },
  { change: "resume", status: 200, outcome: "ok" },
])("$change is $status, and in the audit log", async ({ change, status, outcome }) => {
  expect((await ask(`/api/queues/billing-queue/${change}`, "PUT")).status).toBe(status)
  await expect
    .poll(async () => (await app.admin.get("/admin/audit?limit=1")).body)
    .toMatchObject([{ action: "queue_put", targetId: `billing-queue/${change}`, outcome }])
})

import { afterAll, beforeAll, expect, test } from "vitest"
import { type S3Simulator, startS3Simulator } from "../../simulators/s3/server.ts"
import { cleanUp } from "../../src/services/maintenance/clean-up.ts"
import { expectProblem } from "../helpers/answers.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { readEverything, rowsOf, whereAre } from "./kit/everything.ts"
import { type Life, liveFully } from "./kit/full-life.ts"

let s3: S3Simulator
beforeAll(async () => {
  s3 = await startS3Simulator({
    region: "eu-1",
    accessKeyId: "AKID",
    secretAccessKey: "secret",
    bucket: "files",
  })
})
afterAll(() => s3.close())

const app = useTestApp(() => ({
  stripe: true,
  config: {
    // Small, so that a file goes by the provider's Files API and a room is soon summarized.
    attachments: { url: s3.attachmentsUrl(), inlineBytesPerCall: 60 },
    gemini: { titles: true, summaries: true, contextTokens: 800 },
    plans: { basicDailyPrompts: 1_000 },
  },
  timing: {
    replies: { firstRetryMs: 50 },
    roomTasks: { pollMs: 20, firstRetryMs: 20, busyMs: 50 },
    billing: { sweepMs: 200, firstRetryMs: 200 },
  },
}))
const other = useTestApp(() => ({ beside: app, worker: false }))

/** Work to be done, which a life may or may not have left at a given moment. */
const PASSING = ["attachment_releases", "room_changes", "room_tasks", "search_queue", "import_chunks"]

/** What clean-up does within a minute or, of copies elsewhere, once they may go. */
async function cleanUpNow() {
  await cleanUp(app.ctx)
  await app.query("UPDATE attachment_garbage SET next_try_at = now()")
  await cleanUp(app.ctx)
}

/** Where each canary is, but for what goes by itself. */
async function lasting(canaries: Record<string, string>) {
  const places = await readEverything(app, s3)
  return whereAre(
    canaries,
    places.filter(({ name }) => !/^(reply:|chatrooms:|import_chunks$)/.test(name)),
  )
}

/** Where a user's id is, but for rate limits, which Redis lets go of within the hour. */
async function whereIs(id: string) {
  const { id: found = [] } = whereAre({ id }, await readEverything(app, s3))
  return found.filter((name) => !name.startsWith("limit:"))
}

const nowhere = (canaries: Record<string, string>) =>
  Object.fromEntries(Object.keys(canaries).map((name) => [name, []]))

/** Waits until the canaries are nowhere: longer than Redis may be left alone after it was slow. */
const gone = (canaries: Record<string, string>) =>
  expect
    .poll(async () => whereAre(canaries, await readEverything(app, s3)), { interval: 200 })
    .toEqual(nowhere(canaries))

const of = ({ canaries }: Life, names: string[]) =>
  Object.fromEntries(names.map((name) => [name, canaries[name] as string]))

test("whoever deletes their account is found nowhere any more, and nobody else is missed", async () => {
  const [staying, leaving] = [await liveFully(app, other), await liveFully(app, other)]
  const { user, canaries } = leaving
  // Hashed, gone already, or cut off as too slow.
  const { password: _, "first number": __, spooled: ___, share, ...readable } = canaries
  const found = whereAre(readable, await readEverything(app, s3))
  expect(Object.keys(found).filter((name) => found[name]?.length === 0)).toEqual([])
  const rows = await rowsOf(app, user.user.id)
  expect(
    Object.keys(rows).filter((table) => rows[table] === 0 && !PASSING.includes(table)),
    "liveFully leaves something in every table that has a user_id",
  ).toEqual([])
  const copies = app.gemini.files.all.length
  const remaining = await lasting(staying.canaries)

  expect((await user.http.delete("/user/me")).status).toBe(202)
  expectProblem(await app.http.get(`/shared/${share}`), 404, "not_found")
  await expect.poll(() => app.query("SELECT FROM users WHERE id = $1", user.user.id)).toEqual([])
  await cleanUpNow()
  // The reply that was being made ends by itself.
  await gone(canaries)
  await expect.poll(() => whereIs(user.user.id)).toEqual(["log"])
  expect(Object.values(await rowsOf(app, user.user.id)).filter((count) => count > 0)).toEqual([])
  expect(app.gemini.files.all).toHaveLength(copies / 2)
  expect(await lasting(staying.canaries)).toEqual(remaining)
  expect((await app.http.get(`/shared/${staying.canaries.share}`)).status).toBe(200)
})

const OF_THE_ROOM = [
  ...["room", "instruction", "prompt", "reply", "feedback", "keyed", "share"],
  ...["file", "object", "stored", "chunk"],
]

test("a room that is deleted is found nowhere any more, and the others are", async () => {
  const life = await liveFully(app, other)
  const { user, room, canaries } = life
  const deleted = of(life, OF_THE_ROOM)
  const rest = of(life, ["name", "summary", "archived", "temporary", "title"])
  const kept = await lasting(rest)
  expect((await user.http.delete(`/chatroom/${room.id}`)).status).toBe(204)
  await cleanUpNow()
  await gone(deleted)
  expectProblem(await app.http.get(`/shared/${canaries.share}`), 404, "not_found")
  expect(await lasting(rest)).toEqual(kept)
  // The key is still taken, so that nothing is made anew.
  const headers = { "Idempotency-Key": canaries.key as string }
  expectProblem(await user.http.post("/chatroom", life.roomBody, { headers }), 404, "not_found")
})

test("a message that is deleted is found nowhere any more, with all that follows it", async () => {
  const life = await liveFully(app, other)
  const { user, room, canaries } = life
  const deleted = of(life, ["prompt", "reply", "feedback", "keyed", "file", "object", "stored", "chunk"])
  const rest = of(life, ["room", "name", "title"])
  const kept = await lasting(rest)
  const { body } = await user.http.get(`/chatroom/${room.id}/message/${life.reply.id}`)
  expect((await user.http.delete(`/chatroom/${room.id}/message/${body.parentId}`)).status).toBe(204)
  await cleanUpNow()
  await gone(deleted)
  expect(await lasting(rest)).toEqual(kept)
  // What was before it is there, and the snapshot ends with that.
  expect((await lasting(of(life, ["shown"]))).shown).toContain("messages")
  expect((await app.http.get(`/shared/${canaries.share}`)).status).toBe(200)
})

test("what the search looks for, it finds", async () => {
  const canary = "zqcontrol0123456789abcdef7"
  await app.query("CREATE TABLE public.of_next_year (anything bytea, more jsonb)")
  await app.query("INSERT INTO of_next_year VALUES ($1, $2)", Buffer.from(`xx${canary}`), { deep: [canary] })
  await app.query("SELECT lo_from_bytea(0, $1)", Buffer.from(canary))
  const places = [
    ...(await readEverything(app, s3)),
    { name: "base64", text: Buffer.from(`x${canary}y`).toString("base64") },
  ]
  expect(whereAre({ canary }, places)).toEqual({ canary: ["of_next_year", "large objects", "base64"] })
})

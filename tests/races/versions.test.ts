import fc from "fast-check"
import { expect, test } from "vitest"
import { type Answer, collect, type ServerEvent } from "../../tools/lib/http.ts"
import { until } from "../helpers/answers.ts"
import { type SignedIn, signIn } from "../helpers/app.ts"
import { createRoom, makePro, promptsUsed } from "../helpers/chat.ts"
import { setNoon } from "../helpers/clock.ts"
import { followRoom } from "../helpers/follow-room.ts"
import { useTestApp } from "../helpers/use-app.ts"

// Two processes of one service, so that each may take a reply over from the other.
const options = {
  config: { http: { streamsPerUser: 1_000 } },
  timing: { replies: { firstRetryMs: 50, sweepAfterMs: 300 } },
}
const first = useTestApp(options)
const second = useTestApp(() => ({ ...options, beside: first }))

/** What somebody does in a room; `pick` chooses among the messages that are known by then. */
const actions = fc.record({
  kind: fc.constantFrom(
    ...(["send", "send", "interrupt", "interrupt", "reject", "regenerate", "continue"] as const),
    ...(["cancel", "cancel", "delete", "edit", "switch", "lose"] as const),
  ),
  pick: fc.nat(1_000),
  reply: fc.constantFrom(
    "chunks=3 delay=3",
    "chunks=9 delay=6",
    "max-tokens after=2",
    "stall after=2 times=1",
  ),
  afterMs: fc.nat(40),
})
type Action = typeof actions extends fc.Arbitrary<infer T> ? T : never

/** What is known of a room to those who act in it. */
interface Stage {
  user: SignedIn
  room: { id: string }
  prompts: string[]
  replies: string[]
  deletions: number
}

const accepts = new Set(["send", "interrupt", "reject", "regenerate", "continue"])

async function act(stage: Stage, { kind, pick, reply }: Action): Promise<void> {
  const { user, room, prompts, replies } = stage
  const [prompt, answered] = [prompts[pick % prompts.length], replies[pick % replies.length]]
  const path = `/chatroom/${room.id}/message`
  const one = `${path}/${pick % 2 ? answered : prompt}`
  const message = `[[gemini: ${reply}]] ${pick}`
  const onBusy = { send: "queue", interrupt: "interrupt", reject: "reject" }[kind as "send"]
  let answer: Answer
  if (onBusy) answer = await user.http.post(path, { message, onBusy })
  else if (prompt === undefined || answered === undefined) return
  else if (kind === "regenerate" || kind === "continue")
    answer = await user.http.post(`${path}/${answered}/${kind}`, {})
  else if (kind === "cancel") answer = await user.http.post(`${path}/${answered}/cancel`)
  else if (kind === "delete") answer = await user.http.delete(one)
  else if (kind === "edit") answer = await user.http.patch(`${path}/${prompt}`, { message })
  else if (kind === "switch")
    answer = await user.http.patch(`/chatroom/${room.id}`, { headId: one.split("/").at(-1) })
  else {
    // Its worker has fallen silent.
    const lose =
      "UPDATE messages SET lease_until = now() - interval '1 hour', renewed_until = NULL WHERE chatroom_id = $1 AND status = 'running'"
    return void (await first.query(lose, room.id))
  }
  expect(answer.status, `${kind}: ${JSON.stringify(answer.body)}`).toBeLessThan(500)
  if (answer.status >= 300) return
  if (kind === "delete") stage.deletions += 1
  if (!accepts.has(kind)) return
  const added = answer.body.reply ?? answer.body
  if (answer.body.reply) prompts.push(answer.body.id)
  replies.push(added.id)
}

interface Row {
  id: string
  parentId: string | null
  role: "user" | "model"
  position: number
  parentPosition: number | null
  status: string
  content: string
  charged: boolean
}

const ROWS = `
  SELECT m.id, m.parent_id AS "parentId", m.role, m.position, p.position AS "parentPosition", m.status, m.content,
    m.charged_on IS NOT NULL AS charged
  FROM messages AS m LEFT JOIN messages AS p ON p.id = m.parent_id WHERE m.chatroom_id = $1 ORDER BY m.position`

const ROOM = `
  SELECT active_reply_id AS active, head_id AS head, last_position AS last,
    (SELECT count(*)::int FROM messages WHERE chatroom_id = $1 AND lease_until IS NOT NULL) AS unfinished,
    (SELECT count(*)::int FROM messages WHERE chatroom_id = $1 AND status = 'running') AS running
  FROM chatrooms WHERE id = $1`

test("whatever is done at once in a room, its replies are made one at a time, once, and paid once", async () => {
  await setNoon(first.pool)
  await fc.assert(
    fc.asyncProperty(fc.array(actions, { minLength: 4, maxLength: 16 }), async (drawn) => {
      const user = await signIn(first)
      await makePro(first, user)
      const stage: Stage = {
        user,
        room: await createRoom(first, user),
        prompts: [],
        replies: [],
        deletions: 0,
      }
      const listener = followRoom(second, user, stage.room)
      await listener.until(() => expect(listener.named("chatroom")).toHaveLength(1))
      await act(stage, { kind: "send", pick: 0, reply: "chunks=9 delay=6", afterMs: 0 })

      let isOver = false
      const watching = watchRunning(stage, () => isOver)
      await Promise.all(
        drawn.map(async (action) => {
          await pause(action.afterMs)
          await act(stage, action)
        }),
      )
      const streams = stage.replies.map((id) =>
        collect(user.http.events(`/chatroom/${stage.room.id}/message/${id}/stream`)).catch(() => null),
      )
      await settle(stage)
      isOver = true
      await watching
      await check(stage, await Promise.all(streams), listener)
    }),
    { numRuns: 6, interruptAfterTimeLimit: 60_000 },
  )
}, 240_000)

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Whether two replies are ever made at a time. */
async function watchRunning({ room }: Stage, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const [{ running }] = await first.query(ROOM, room.id)
    expect(running).toBeLessThanOrEqual(1)
    await pause(5)
  }
}

/** Stops what stalls, until all has ended. */
async function settle({ user, room }: Stage): Promise<void> {
  const stalled = "SELECT id FROM messages WHERE chatroom_id = $1 AND status = 'running' AND content <> ''"
  await until(async () => {
    for (const { id } of await first.query(stalled, room.id))
      await user.http.post(`/chatroom/${room.id}/message/${id}/cancel`)
    const [{ unfinished }] = await first.query(ROOM, room.id)
    expect(unfinished).toBe(0)
  }, 60_000)
}

async function check(
  stage: Stage,
  streams: (ServerEvent[] | null)[],
  listener: ReturnType<typeof followRoom>,
): Promise<void> {
  const { room, replies, user, deletions } = stage
  const rows = (await first.query(ROWS, room.id)) as Row[]
  const byId = new Map(rows.map((row) => [row.id, row]))
  const [{ active, head, last }] = await first.query(ROOM, room.id)
  expect(active).toBeNull()
  expect(head === null ? rows.length : byId.has(head)).toBe(head === null ? 0 : true)
  for (const { role, parentId, parentPosition, position, status } of rows) {
    if (parentId !== null) expect(parentPosition).toBeLessThan(position)
    if (role === "model") expect([byId.get(parentId ?? "")?.role, isFinal(status)]).toEqual(["user", true])
    expect(position).toBeLessThanOrEqual(last)
  }
  const kept = rows.filter(({ role }) => role === "model")
  // Nothing is lost but what was deleted, and nothing is there that nobody asked for.
  expect(new Set(replies).size).toBe(replies.length)
  for (const { id } of kept) expect(replies).toContain(id)
  const gone = replies.length - kept.length
  expect(deletions === 0 ? gone : 0).toBe(0)
  // One unit each, but for those that were given back.
  const given = replies.length - (await promptsUsed(first, user))
  const givenOfKept = kept.filter(({ charged }) => !charged).length
  expect(given).toBeGreaterThanOrEqual(givenOfKept)
  expect(given).toBeLessThanOrEqual(givenOfKept + gone)
  for (const [n, id] of replies.entries()) {
    const row = byId.get(id)
    const done = streams[n]?.at(-1)
    if (row) expect(done).toMatchObject({ event: "done", data: { status: row.status, content: row.content } })
  }
  // Who has listened all the time has every text, and what is gone is gone there, too.
  await listener.until(() => {
    const ended = new Set(listener.named("done").map(({ data }) => data.messageId))
    expect(kept.filter(({ id }) => !ended.has(id))).toEqual([])
    expect(listener.named("message_deleted")).toHaveLength(deletions)
  })
  await listener.stop()
  for (const { id, content } of kept) expect(listener.texts()[id] ?? "").toBe(content)
}

const isFinal = (status: string) => ["completed", "failed", "cancelled"].includes(status)

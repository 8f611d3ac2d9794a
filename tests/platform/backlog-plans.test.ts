import type pg from "pg"
import { beforeAll, expect, test, vi } from "vitest"
import { endAsCancelled } from "../../src/services/replies/accept/end-reply.ts"
import type { Attempt } from "../../src/services/replies/worker/claim-reply.ts"
import { claimReply } from "../../src/services/replies/worker/claim-reply.ts"
import { finishReply, requeueReply } from "../../src/services/replies/worker/finish-reply.ts"
import { createLeaseRenewer } from "../../src/services/replies/worker/lease-renewer.ts"
import { sweepReplies } from "../../src/services/replies/worker/sweep.ts"
import { newId } from "../../src/utils/ids.ts"
import { PATIENCE_MS } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { cancel, createRoom, send } from "../helpers/chat.ts"
import { useTestApp } from "../helpers/use-app.ts"

// One connection, on which everything is prepared while the database is quiet, as in a process that has long run.
const app = useTestApp({ worker: false, config: { database: { poolSize: 1 } } })

const BACKLOG = 5_000

/** What a worker and a cancellation look up by id: their statements, and what each may read by. */
const BY_KEY = /^(?:chatrooms|messages)_pkey$/
const STATEMENTS: [name: string, indexes: RegExp][] = [
  ["claim-reply", BY_KEY],
  ["claim-wait", BY_KEY],
  ["read-branch-of-reply", BY_KEY],
  ["finish-reply", BY_KEY],
  ["requeue-reply", BY_KEY],
  ["lock-room", BY_KEY],
  ["request-cancel", BY_KEY],
  ["end-as-cancelled", BY_KEY],
  ["make-due", BY_KEY],
  ["get-message", /^messages_(?:pkey|unfinished|children|roots)$/],
  ["read-room", BY_KEY],
  ["watch-room", BY_KEY],
  ["watch-reply", BY_KEY],
  ["renew-leases", BY_KEY],
  ["finish-and-advance", /^(?:chatrooms_pkey|messages_pkey|messages_unfinished|chatrooms_active)$/],
  ["advance-room", /^(?:chatrooms_pkey|messages_pkey|messages_unfinished|chatrooms_active)$/],
  ["sweep-replies", /^(?:chatrooms_pkey|messages_pkey|messages_lease|chatrooms_active)$/],
]

/** The connection of the renewer, which has its own. */
let renewing: pg.Client

beforeAll(async () => {
  const user = await signIn(app)
  const quiet = { userId: user.user.id, id: newId() }
  const room = await createRoom(app, user)
  const { reply } = (await send(app, user, room, "quiet")).body
  await prepareAll(quiet)
  await app.query("UPDATE messages SET lease_until = now() WHERE id = $1", reply.id)
  const queue = { ...app.ctx.queue, enqueue: () => Promise.reject(new Error("to be put back")) }
  await expect(sweepReplies({ ...app.ctx, queue }, "queued", { take: () => false })).rejects.toThrow()
  expect(await cancel(user, reply)).toMatchObject({ status: 200, body: { status: "cancelled" } })
  const follow = async (path: string) => {
    for await (const _ of user.http.events(path)) return
  }
  await follow(`/chatroom/${room.id}/events`)
  const stop = [app.ctx.rowWatch.watch("reply", quiet, () => undefined)]
  stop.push(app.ctx.rowWatch.watch("room", { ...quiet, id: room.id }, () => undefined))
  const isPrepared = (names: string[]) => names.includes("watch-room") && names.includes("watch-reply")
  await vi.waitUntil(async () => isPrepared(await preparedNames()), PATIENCE_MS)
  for (const one of stop) one()
  await app.query("ANALYZE")
  for (const [name] of STATEMENTS) await explain(name, "force_generic_plan")
  await fillUp(user.user.id)
})

async function prepareAll(reply: { userId: string; id: string }) {
  const attempt = { ...reply, number: 1, chatroomId: newId() } as Attempt
  const ending = {
    status: "completed",
    content: "x",
    thoughts: "",
    errorCode: null,
    errorMessage: null,
  } as const
  const answer = {
    finishReason: null,
    usage: null,
    model: null,
    citations: [],
    searchQueries: [],
    notices: [],
    uses: [],
  }
  await claimReply(app.ctx, reply)
  for (const usedTools of [[], null])
    await finishReply(app.ctx, attempt, { ending: { ...ending, ...answer, usedTools }, release: () => {} })
  await requeueReply(app.ctx, attempt, { delayMs: 1, failures: 0, uses: [] })
  await endAsCancelled(app.ctx, attempt)
  const { promise, resolve } = Promise.withResolvers<pg.Client>()
  const { Client } = app.pool.options as unknown as { Client: typeof pg.Client }
  class Seen extends Client {
    constructor(config?: pg.ClientConfig) {
      super(config)
      resolve(this)
    }
  }
  const pool = { options: { ...app.pool.options, Client: Seen } } as unknown as pg.Pool
  const renewer = createLeaseRenewer(pool, { leaseMs: 1_000, renewMs: 10, checkpointMs: 0 }, app.ctx.log)
  const lost = Promise.withResolvers<string>()
  renewer.renew({ attempt, text: () => "", thoughts: () => "", end: lost.resolve })
  expect(await lost.promise).toBe("lost")
  renewing = await promise
}

async function preparedNames(): Promise<string[]> {
  return (await app.query("SELECT name FROM pg_prepared_statements")).map(({ name }) => name)
}

/** All in rooms of one user's, which is where reading all that a user has costs most. */
async function fillUp(userId: string): Promise<void> {
  await app.query(
    `WITH room AS (
       INSERT INTO chatrooms (user_id, id, name, active_reply_id, last_position)
       SELECT $1, gen_random_uuid(), 'busy', gen_random_uuid(), 2 FROM generate_series(1, $2) RETURNING *
     )
     INSERT INTO messages (user_id, id, chatroom_id, position, role, content, status, lease_until)
     SELECT $1, active_reply_id, id, 2, 'model', '', 'queued', now() FROM room`,
    userId,
    BACKLOG,
  )
}

interface Plan {
  "Node Type": string
  "Index Name"?: string
  "Relation Name"?: string
  Plans?: Plan[]
}

/** Returns what the statement reads tables by: an index, or the kind of the scan. */
async function explain(name: string, mode: string): Promise<string[]> {
  const client = name === "renew-leases" ? renewing : app.pool
  await client.query(`SET plan_cache_mode = ${mode}`)
  const found = await client.query<{ types: string[] }>(
    "SELECT parameter_types::text[] AS types FROM pg_prepared_statements WHERE name = $1",
    [name],
  )
  const values = (found.rows[0]?.types ?? []).map((type) => SAMPLES[type] ?? "NULL")
  const { rows } = await client.query(`EXPLAIN (FORMAT JSON) EXECUTE "${name}" (${values.join(", ")})`)
  return readsOf(rows[0]["QUERY PLAN"][0].Plan)
}

const ID = "01980000-0000-7000-8000-000000000000"
const SAMPLES: Record<string, string> = {
  uuid: `'${ID}'`,
  "uuid[]": `'{${ID}}'`,
  integer: "1",
  smallint: "1",
  "integer[]": "'{1}'",
  text: "'queued'",
  "text[]": "'{queued}'",
}

function readsOf(plan: Plan): string[] {
  const own = plan["Relation Name"] || plan["Index Name"] ? [plan["Index Name"] ?? plan["Node Type"]] : []
  const below = (plan.Plans ?? []).flatMap(readsOf)
  return /^(?:ModifyTable|LockRows|Bitmap Heap Scan)$/.test(plan["Node Type"]) ? below : [...own, ...below]
}

test.each(STATEMENTS)("%s reads what it names, however many wait", async (name, indexes) => {
  const client = name === "renew-leases" ? renewing : app.pool
  const kept = await explain(name, "force_generic_plan")
  await client.query("DISCARD PLANS")
  const generic = await explain(name, "force_generic_plan")
  const custom = await explain(name, "force_custom_plan")
  for (const reads of [kept, generic, custom]) {
    expect(reads.length).toBeGreaterThan(0)
    for (const by of reads) expect([name, by]).toEqual([name, expect.stringMatching(indexes)])
  }
})

import type pg from "pg"
import { directivesIn, resolveDirectives } from "../../simulators/gemini/directives.ts"
import { replyFrames } from "../../simulators/gemini/reply-frames.ts"
import { readGenerateRequest } from "../../simulators/gemini/request.ts"
import { type Turn, toContents } from "../../src/services/replies/worker/build-contents.ts"
import type { Client } from "../lib/client.ts"
import type { Cluster } from "../lib/cluster.ts"
import { type Exchange, isAtRisk, type Load, mayBeLost } from "./load.ts"

/** What must hold, how often it was looked at, and every case where it doesn't. */
export interface Verdict {
  id: string
  claim: string
  checked: number
  broken: string[]
}

/** A message as it is stored. */
interface Row {
  id: string
  parent_id: string | null
  chatroom_id: string
  user_id: string
  role: "user" | "model"
  content: string
  status: string
  error_code: string | null
  model: string | null
  attempt: number
}

type Stored = Awaited<ReturnType<typeof readMessages>>

/** Looks at everything that the load has left behind. */
export async function checkInvariants(cluster: Cluster, client: Client, load: Load): Promise<Verdict[]> {
  const stored = await readMessages(cluster.pool, load)
  return [
    checkOneFinalReply(load, stored),
    checkNeverTwo(cluster, load, stored),
    await checkQuota(cluster.pool, load, stored),
    checkListeners(load, stored),
    await checkStrangers(client, load, stored),
  ]
}

async function readMessages(pool: pg.Pool, { users }: Load) {
  const { rows } = await pool.query<Row>(MESSAGES, [users.map(({ id }) => id)])
  const replies = rows.filter(({ role }) => role === "model")
  return {
    byId: new Map(rows.map((row) => [row.id, row])),
    replies: Map.groupBy(replies, (row) => row.parent_id ?? ""),
    prompts: rows.filter(({ role }) => role === "user"),
  }
}

const MESSAGES = `
  SELECT m.id, m.parent_id, m.chatroom_id, c.user_id, m.role, m.content, m.status, m.error_code, m.model, m.attempt
  FROM messages AS m JOIN chatrooms AS c ON c.id = m.chatroom_id
  WHERE c.user_id = ANY($1)`

/** Judges each item by the sentences that `judge` yields; `others` were found broken before. */
function verdict<T>(
  { id, claim, others = [] }: { id: string; claim: string; others?: string[] },
  items: readonly T[],
  judge: (item: T) => Iterable<string>,
): Verdict {
  return {
    id,
    claim,
    checked: items.length,
    broken: [...others, ...items.flatMap((item) => [...judge(item)])],
  }
}

const FINAL = ["completed", "failed", "cancelled"]

function checkOneFinalReply(load: Load, { prompts, replies, byId }: Stored): Verdict {
  const { exchanges, surprises } = load
  const accepted = new Set(exchanges.map(({ promptId }) => promptId))
  const unasked = prompts.filter(({ id }) => !accepted.has(id))
  const others = [
    ...unasked.map(({ id }) => `prompt ${id} was stored, not accepted`),
    ...surprises.map((answer) => `a prompt was answered ${answer}`),
  ]
  const claim = "every accepted prompt has exactly one final reply"
  const kept = exchanges.filter((exchange) => byId.has(exchange.promptId) || !mayBeLost(load, exchange))
  return verdict({ id: "I1", claim, others }, kept, function* ({ promptId, replyId, kind }) {
    const [reply, ...more] = replies.get(promptId) ?? []
    if (!reply) yield `prompt ${promptId} has no reply`
    else if (reply.id !== replyId)
      yield `prompt ${promptId} was promised reply ${replyId} and has ${reply.id}`
    else if (!FINAL.includes(reply.status)) yield `reply ${replyId} is still ${reply.status}`
    else if (outcomeOf(reply) !== EXPECTED[kind]) yield `reply ${replyId} (${kind}) is ${outcomeOf(reply)}`
    if (more.length > 0) yield `prompt ${promptId} has ${more.length + 1} replies`
  })
}

const EXPECTED = { plain: "completed", cut: "completed", stalled: "completed", blocked: "failed: blocked" }

function outcomeOf({ status, error_code }: Row): string {
  return error_code === null ? status : `${status}: ${error_code}`
}

function checkNeverTwo({ attempts }: Cluster, load: Load, stored: Stored): Verdict {
  const claim = "never two: one ending, and the text of one single call"
  return verdict({ id: "I2", claim }, unharmed(load), function* ({ replyId, heard }) {
    if (heard.dones.length > 1) yield `the listener of ${replyId} was told ${heard.dones.length} endings`
    const endings = attempts.endings(replyId)
    if (endings > 1) yield `reply ${replyId} was finished ${endings} times`
    const reply = stored.byId.get(replyId)
    if (reply?.status === "completed" && !isTextOfOneCall(reply, stored))
      yield `reply ${replyId} isn't what one call gives: ${JSON.stringify(reply.content.slice(0, 200))}`
  })
}

/** More calls for one attempt than there are models to fall back to. */
const CALLS_PER_ATTEMPT = 4

/** The simulator says something else at each call for a prompt, and always the same at the first, the second and so on. */
function isTextOfOneCall(reply: Row, stored: Stored): boolean {
  const calls = Array.from({ length: reply.attempt * CALLS_PER_ATTEMPT }, (_, call) => call)
  return calls.some((call) => textOfCall(call, reply, stored) === reply.content)
}

function textOfCall(call: number, reply: Row, stored: Stored): string {
  const model = reply.model ?? ""
  const branch: Row[] = []
  for (let row = stored.byId.get(reply.parent_id ?? ""); row; row = stored.byId.get(row.parent_id ?? ""))
    branch.unshift(row)
  const turns = branch.map((row) => ({ ...row, errorCode: row.error_code }) as Turn)
  const request = readGenerateRequest(JSON.stringify({ contents: toContents(turns) }), model)
  const faultless = resolveDirectives(directivesIn(branch.at(-1)?.content ?? ""), Number.POSITIVE_INFINITY)
  const behaviour = { ...faultless, variant: call }
  const frames = replyFrames({ model, request, behaviour, responseId: "" })
  return frames
    .flatMap(({ candidates = [] }) => candidates)
    .flatMap(({ content }) => content?.parts ?? [])
    .map(({ text, thought }) => (thought ? "" : text))
    .join("")
}

async function checkQuota(pool: pg.Pool, { exchanges, users }: Load, { byId }: Stored): Promise<Verdict> {
  const { rows } = await pool.query<{ user_id: string; used: number }>(USED)
  const used = new Map(rows.map((row) => [row.user_id, row.used]))
  const claim = "quota: used = accepted − failed, of every user"
  return verdict({ id: "I3", claim }, users, function* (user) {
    const own = exchanges.filter((exchange) => exchange.user === user && byId.has(exchange.promptId))
    const failed = own.filter(({ replyId }) => byId.get(replyId)?.status === "failed")
    const expected = own.length - failed.length
    const counted = used.get(user.id) ?? 0
    if (counted !== expected)
      yield `user ${user.id}: ${counted} used, ${own.length} accepted, ${failed.length} failed`
  })
}

const USED = "SELECT user_id, sum(used)::int AS used FROM usage_counters GROUP BY user_id"

/** Those of which PostgreSQL lost nothing. */
const unharmed = (load: Load) => load.exchanges.filter((exchange) => !isAtRisk(load, exchange))

function checkListeners(load: Load, { byId }: Stored): Verdict {
  const claim = "every listener's joined text equals the stored text"
  return verdict({ id: "I4", claim }, unharmed(load), function* ({ replyId, heard }) {
    const stored = byId.get(replyId)
    const [done] = heard.dones
    if (!done) yield `the listener of ${replyId} was told no end (${heard.trouble || "no error"})`
    else if (heard.text !== stored?.content)
      yield `the listener of ${replyId} has ${heard.text.length} characters of ${stored?.content.length}`
    if (done && done.status !== stored?.status) yield `the listener of ${replyId} was told ${done.status}`
  })
}

/** What users were told in streams and lists is theirs, and what isn't can't be had. */
async function checkStrangers(client: Client, load: Load, { byId }: Stored): Promise<Verdict> {
  const seen = [...unharmed(load).flatMap(seenInStream), ...(await seenInLists(client, load))]
  const owners = new Map([...load.rooms].map(([id, user]) => [id, user.id]))
  const ownerOf = (id: string) => owners.get(id) ?? byId.get(id)?.user_id
  const spec = { id: "I5", claim: "nobody sees another's ids", others: await probe(client, load) }
  return verdict(spec, seen, function* ({ userId, id }) {
    if (ownerOf(id) !== userId) yield `user ${userId} was shown ${id} of user ${ownerOf(id)}`
  })
}

function seenInStream({ user, heard, replyId, roomId }: Exchange) {
  const ids = heard.dones.flatMap(({ id, chatroomId }) => [id, chatroomId])
  return [replyId, roomId, ...ids].map((id) => ({ userId: user.id, id }))
}

async function seenInLists(client: Client, { users }: Load) {
  const lists = users.map(async (user) => {
    const { body } = await client.get("/chatroom?limit=100", { token: await user.token() })
    return (body as { id: string }[]).map(({ id }) => ({ userId: user.id, id }))
  })
  return (await Promise.all(lists)).flat()
}

/** Everybody tries a room, a message and a stream of the next user's. @returns what was not refused */
async function probe(client: Client, { users, exchanges }: Load): Promise<string[]> {
  const tries = users.map(async (user, i) => {
    const victim = exchanges.find((exchange) => exchange.user === users[(i + 1) % users.length])
    if (!victim || victim.user === user) return []
    const room = `/chatroom/${victim.roomId}`
    const message = `${room}/message/${victim.replyId}`
    const token = await user.token()
    const answers = [room, `${room}/message`, message, `${message}/stream`].map(async (path) => {
      const { status } = await client.get(path, { token })
      return status === 404 ? [] : [`user ${user.id} got ${status} for ${path}`]
    })
    return (await Promise.all(answers)).flat()
  })
  return (await Promise.all(tries)).flat()
}

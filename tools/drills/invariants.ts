import { MAX_TAKEOVERS } from "../../src/services/replies/worker/process-reply.ts"
import type { Client } from "../lib/client.ts"
import type { Cluster } from "../lib/cluster.ts"
import { type Exchange, isAtRisk, mayBeLost } from "./exchange.ts"
import type { Load } from "./load.ts"
import { createOneCall } from "./one-call.ts"
import type { Row, Stored } from "./stored.ts"

/** What must hold, how often it was looked at, and every case where it doesn't. */
export interface Verdict {
  id: string
  claim: string
  checked: number
  broken: string[]
}

/** Looks at everything that the load has left behind. */
export async function checkInvariants(
  cluster: Cluster,
  client: Client,
  { load, stored }: { load: Load; stored: Stored },
): Promise<Verdict[]> {
  return [
    checkOneFinalReply(load, stored),
    checkNeverTwo(cluster, load, stored),
    await checkQuota(cluster, load, stored),
    checkListeners(load, stored),
    await checkStrangers(client, load, stored),
  ]
}

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
  const promised = Map.groupBy(exchanges, ({ promptId }) => promptId)
  const unasked = prompts.filter(({ id }) => !promised.has(id))
  const others = [
    ...unasked.map(({ id }) => `prompt ${id} was stored, not accepted`),
    ...surprises.map((answer) => `a prompt was answered ${answer}`),
    ...[...promised].flatMap(([promptId, { length }]) => {
      const count = replies.get(promptId)?.length ?? 0
      return count > length ? [`prompt ${promptId} was promised ${length} replies and has ${count}`] : []
    }),
  ]
  const claim = "every promised reply is there, once and final"
  const kept = exchanges.filter((exchange) => byId.has(exchange.promptId) || !mayBeLost(load, exchange))
  return verdict({ id: "I1", claim, others }, kept, function* (exchange) {
    const { promptId, replyId, kind, isDeleted } = exchange
    const reply = byId.get(replyId)
    if (isDeleted && !reply) return
    if (isDeleted) yield `reply ${replyId} was deleted and is there`
    else if (!reply) yield `prompt ${promptId} was promised reply ${replyId}, which isn't there`
    else if (reply.parent_id !== promptId) yield `reply ${replyId} isn't one to prompt ${promptId}`
    else if (!FINAL.includes(reply.status)) yield `reply ${replyId} is still ${reply.status}`
    else if (!isExpected(exchange, reply)) yield `reply ${replyId} (${kind}) is ${outcomeOf(reply)}`
  })
}

const EXPECTED = {
  plain: "completed",
  cut: "completed",
  stalled: "completed",
  short: "completed",
  blocked: "failed: blocked",
}

/** Who stops a reply may be too late. A reply of which enough workers were killed is given up, as one that kills them. */
function isExpected({ kind, stops }: Exchange, reply: Row): boolean {
  if (stops.length > 0 && reply.status === "cancelled") return true
  const isGivenUp = reply.takeovers >= MAX_TAKEOVERS && outcomeOf(reply) === "failed: internal"
  return isGivenUp || outcomeOf(reply) === EXPECTED[kind]
}

function outcomeOf({ status, error_code }: Row): string {
  return error_code === null ? status : `${status}: ${error_code}`
}

function checkNeverTwo({ attempts, gemini }: Cluster, load: Load, stored: Stored): Verdict {
  const claim = "never two: one ending, and the text of one single call"
  const isOfOneCall = createOneCall(gemini.calls(), load.exchanges, stored)
  return verdict({ id: "I2", claim }, unharmed(load), function* (exchange) {
    const { replyId, heard } = exchange
    if (heard.dones.length > 1) yield `the listener of ${replyId} was told ${heard.dones.length} endings`
    const endings = attempts.endings(replyId)
    if (endings > 1) yield `reply ${replyId} was finished ${endings} times`
    const reply = stored.byId.get(replyId)
    if (reply && ["completed", "cancelled"].includes(reply.status) && !isOfOneCall(exchange, reply))
      yield `reply ${replyId} isn't what one call gives: ${JSON.stringify(reply.content.slice(0, 200))}`
  })
}

async function checkQuota(cluster: Cluster, { exchanges, users }: Load, { byId }: Stored): Promise<Verdict> {
  const { rows } = await cluster.pool.query<{ user_id: string; used: number }>(USED)
  const used = new Map(rows.map((row) => [row.user_id, row.used]))
  const claim = "quota: used = promised − failed − cancelled before they began, of every user"
  return verdict({ id: "I3", claim }, users, function* (user) {
    const own = exchanges.filter((exchange) => exchange.user === user)
    const kept = own.filter(({ replyId }) => byId.has(replyId))
    const failed = kept.filter(({ replyId }) => byId.get(replyId)?.status === "failed")
    const unbegun = kept.filter((exchange) =>
      isCancelledUnbegun(cluster, exchange, byId.get(exchange.replyId)),
    )
    const gone = own.filter(({ isDeleted }) => isDeleted)
    const most = kept.length - failed.length - unbegun.length + gone.filter(mayBeUsed).length
    const least = most - gone.filter((exchange) => mayBeUsed(exchange) && mayBeGivenBack(exchange)).length
    const counted = used.get(user.id) ?? 0
    if (counted < least || counted > most)
      yield `user ${user.id}: ${counted} used, ${kept.length} promised and kept, ${failed.length} failed, ${unbegun.length} cancelled before they began, ${gone.length} deleted`
  })
}

/** Of a deleted reply, whether its unit may have been used up: used units stay used. */
const mayBeUsed = ({ heard }: Exchange) => heard.dones[0]?.status !== "failed"

/** Whether it may have ended, before it was deleted, in a way that gives the unit back. */
const mayBeGivenBack = ({ heard }: Exchange) => heard.dones[0]?.status !== "completed"

/** By what workers logged. Either is right where an attempt began while the reply was asked to stop. */
function isCancelledUnbegun({ attempts }: Cluster, { replyId, stops }: Exchange, reply?: Row): boolean {
  if (reply?.status !== "cancelled") return false
  const begun = attempts.of(replyId)[0]?.startedAt ?? Number.POSITIVE_INFINITY
  if (stops.every(({ from }) => begun < from)) return false
  return stops.some(({ by, to }) => by === "cancel" && begun > to) || reply.is_given_back
}

const USED = "SELECT user_id, sum(used)::int AS used FROM usage_counters GROUP BY user_id"

/** Those of which PostgreSQL lost nothing. */
const unharmed = (load: Load) => load.exchanges.filter((exchange) => !isAtRisk(load, exchange))

function checkListeners(load: Load, { byId }: Stored): Verdict {
  const claim = "every listener's joined text equals the stored text"
  return verdict({ id: "I4", claim }, unharmed(load), function* ({ replyId, heard, isDeleted }) {
    const [done] = heard.dones
    const stored = isDeleted ? done : byId.get(replyId)
    if (isDeleted && !done) return
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
  for (const { replyId, user, isDeleted } of load.exchanges) if (isDeleted) owners.set(replyId, user.id)
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

/** Everybody tries a room, a message, a stream and files of the next user's. @returns what was not refused */
async function probe(client: Client, { users, exchanges }: Load): Promise<string[]> {
  const tries = users.map(async (user, i) => {
    const next = users[(i + 1) % users.length]
    const theirs = exchanges.filter((exchange) => exchange.user === next && !exchange.isDeleted)
    const victim = theirs.find((exchange) => exchange.files.length > 0) ?? theirs[0]
    if (!victim || victim.user === user) return []
    const room = `/chatroom/${victim.roomId}`
    const message = `${room}/message/${victim.replyId}`
    const token = await user.token()
    const files = victim.files.map(({ id }) => `/attachment/${id}`)
    const paths = [room, `${room}/message`, message, `${message}/stream`, ...files]
    const answers = paths.map(async (path) => {
      const { status } = await client.get(path, { token })
      return status === 404 ? [] : [`user ${user.id} got ${status} for ${path}`]
    })
    return (await Promise.all(answers)).flat()
  })
  return (await Promise.all(tries)).flat()
}

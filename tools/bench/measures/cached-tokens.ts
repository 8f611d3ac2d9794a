import { BUILT_IN_PRICES } from "../../../src/config/prices.ts"
import { costOf } from "../../../src/services/usage/cost.ts"
import { until } from "../../lib/until.ts"
import { type Site, startApi } from "../helpers/site.ts"
import { createRooms, post, type User } from "../helpers/users.ts"

/** `GEMINI_CONTEXT_TOKENS`, unless set. */
const BUDGET = 32_000

/** As the simulator counts. */
const LETTERS_PER_TOKEN = 4

/** Some 450 tokens, and a reply of some 300: about 40 exchanges fill the window. */
const PROMPT = "Please look at this paragraph of my thesis and tell me what is unclear in it. ".repeat(22)
const REPLY_WORDS = "[[gemini: words=200]]"

export interface CachedTokensPace {
  turns: number
}

/** What requests sent, what of it the provider had in its cache, and what that costs by the price table. */
export interface CachedTokens {
  promptTokens: number
  cachedTokens: number
  dollars: number
}

/**
 * A conversation several windows long, as the service sends it; then the same turns in the windows that drop the oldest
 * message for every new one. Both go to the simulator, whose cache knows every beginning that it has had before.
 */
export async function measureCachedTokens(
  site: Site,
  user: User,
  { turns }: CachedTokensPace,
): Promise<{ ours: CachedTokens; sliding: CachedTokens; summaries: CachedTokens }> {
  const before = await readSummaries(site, user)
  const room = await converse(site, user, turns)
  const after = await readSummaries(site, user)
  const summaries = {
    promptTokens: after.promptTokens - before.promptTokens,
    cachedTokens: after.cachedTokens - before.cachedTokens,
    dollars: after.dollars - before.dollars,
  }
  const messages = await readMessages(site, room)
  const replies = messages.filter(({ role }) => role === "model")
  return { ours: addUp(replies), sliding: await slide(site, messages), summaries }
}

interface Message {
  role: "user" | "model"
  content: string
  model: string
  promptTokens: number
  cachedTokens: number
}

async function converse(site: Site, user: User, turns: number): Promise<string> {
  await using stack = new AsyncDisposableStack()
  // One process that does all: without Redis another would wait for the next look at the reply's row.
  const { api, url } = await startApi(site.machine, site.env, "all")
  stack.defer(() => api.stop())
  const [[room = ""] = []] = await createRooms(site.pool, [user], 1)
  const headers = { Authorization: `Bearer ${user.token}`, Prefer: "wait=60" }
  for (let n = 1; n <= turns; n++) {
    const message = `${n}. ${PROMPT}${REPLY_WORDS}`
    const { reply } = await post<{ reply: { status: string } }>(
      `${url}/chatroom/${room}/message`,
      { message },
      headers,
    )
    if (reply.status !== "completed") throw new Error(`Reply ${n} is ${reply.status}.`)
  }
  const isSettled = async () => {
    const { rows } = await site.pool.query(
      "SELECT FROM room_tasks WHERE chatroom_id = $1 AND due_at IS NOT NULL",
      [room],
    )
    return rows.length === 0
  }
  await until("all summaries are made", isSettled)
  return room
}

async function readMessages({ pool }: Site, room: string): Promise<Message[]> {
  const { rows } = await pool.query<Message>(
    `SELECT role, content, model, coalesce(prompt_tokens, 0) AS "promptTokens",
       coalesce(cached_tokens, 0) AS "cachedTokens"
     FROM messages WHERE chatroom_id = $1 ORDER BY position`,
    [room],
  )
  return rows
}

async function readSummaries({ pool }: Site, { id }: User): Promise<CachedTokens> {
  const { rows } = await pool.query<CachedTokens>(
    `SELECT coalesce(sum(prompt_tokens), 0)::float8 AS "promptTokens",
       coalesce(sum(cached_tokens), 0)::float8 AS "cachedTokens", coalesce(sum(cost_amount), 0)::float8 AS dollars
     FROM model_usage WHERE user_id = $1 AND kind = 'summary'`,
    [id],
  )
  return rows[0] as CachedTokens
}

/** Sends what each reply would have been made of: the newest turns that the budget holds. */
async function slide(site: Site, messages: readonly Message[]): Promise<CachedTokens> {
  const calls: Omit<Message, "role" | "content">[] = []
  for (const [n, { role, model }] of messages.entries()) {
    if (role !== "model") continue
    // Requests of the service must not have filled the cache for these.
    if (calls.length === 0) await post(`${site.machine.geminiUrl}/__admin/reset`, {})
    const contents = windowBefore(messages, n).map(({ role, content }) => ({
      role,
      parts: [{ text: content }],
    }))
    const { usageMetadata } = await post<{ usageMetadata: Record<string, number> }>(
      `${site.machine.geminiUrl}/v1/models/${model}:generateContent`,
      { contents },
      { "x-goog-api-key": "simulated" },
    )
    const { promptTokenCount = 0, cachedContentTokenCount = 0 } = usageMetadata
    calls.push({ model, promptTokens: promptTokenCount, cachedTokens: cachedContentTokenCount })
  }
  return addUp(calls)
}

/** The turns that end in the one before `end` and begin with a prompt. */
function windowBefore(messages: readonly Message[], end: number): readonly Message[] {
  let start = end
  let left = BUDGET
  for (let n = end - 1; n >= 0; n--) {
    left -= Math.ceil((messages[n] as Message).content.length / LETTERS_PER_TOKEN)
    if (left < 0) break
    if (messages[n]?.role === "user") start = n
  }
  return messages.slice(start, end)
}

function addUp(calls: readonly Omit<Message, "role" | "content">[]): CachedTokens {
  const sum = { promptTokens: 0, cachedTokens: 0, dollars: 0 }
  const day = new Date().toISOString().slice(0, 10)
  for (const { model, promptTokens, cachedTokens } of calls) {
    const call = { model, day, promptTokens, cachedTokens, ...NOTHING_ELSE }
    sum.promptTokens += promptTokens
    sum.cachedTokens += cachedTokens
    sum.dollars += Number(costOf(BUILT_IN_PRICES, call) ?? 0n) / 1e12
  }
  return sum
}

const NOTHING_ELSE = { answeredBy: null, outputTokens: 0, thoughtTokens: 0, toolTokens: 0, searchQueries: 0 }

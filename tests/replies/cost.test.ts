import { expect, test } from "vitest"
import type { Call } from "../../simulators/gemini/server.ts"
import { BUILT_IN_PRICES } from "../../src/config/prices.ts"
import { claimReply } from "../../src/services/replies/worker/claim-reply.ts"
import { processReply } from "../../src/services/replies/worker/process-reply.ts"
import { toDollars } from "../../src/services/usage/cost.ts"
import { signIn } from "../helpers/app.ts"
import { ask, cancel, createRoom, finalReply, type Reply, send } from "../helpers/chat.ts"
import { nextMidnight, setAppNow } from "../helpers/clock.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const USUAL = "gemini-3.8-flash"
const OTHER = "gemini-3.1-flash-lite"
const NO_PRICE = "gemini-without-a-price"
const models = [USUAL, OTHER, NO_PRICE].map((name) => ({ name, tier: "basic" as const }))

/** Fast to try again; a model is called however often it has failed. */
const timing = { replies: { firstRetryMs: 20 }, gemini: { firstCooldownMs: 1 } }
const app = useTestApp({ config: { gemini: { models, fallbackModels: [OTHER] } }, timing })
const ann = useUser(app, { pro: true })

const callsFor = (prompt: string) => app.gemini.calls().filter((call) => call.prompt.includes(prompt))

/** What a call cost by the simulator's books, whose prices are its own. */
const chargeFor = ({ told }: Pick<Call, "told">) => BigInt(told.at(-1)?.cost ?? 0)

/** What the calls for a prompt cost by the books. */
const booked = (prompt: string) => toDollars(sum(callsFor(prompt).map(chargeFor)))

const sum = (amounts: bigint[]) => amounts.reduce((all, amount) => all + amount, 0n)

const usd = (amount: string) => ({ amount, currency: "USD" })

test("a reply costs what its call used", async () => {
  const reply = await ask(app, ann, await createRoom(app, ann), "one call")
  expect(reply).toMatchObject({ status: "completed", cost: usd(booked("one call")) })
  expect(Number(reply.cost.amount)).toBeGreaterThan(0)
  const [row] = await app.query("SELECT price_version FROM messages WHERE id = $1", reply.id)
  expect(row.price_version).toBe(BUILT_IN_PRICES.version)
})

test("web search costs by the query, and what it reads nothing; pages that are read cost as input", async () => {
  const searched = await ask(app, ann, await createRoom(app, ann, { webSearch: true }), "search for swallows")
  const [search] = callsFor("search for swallows")
  expect(search?.usage).toMatchObject({ searchQueries: 1, toolTokens: expect.any(Number), pageTokens: 0 })
  expect(searched).toMatchObject({ status: "completed", cost: usd(booked("search for swallows")) })
  expect(Number(searched.cost.amount)).toBeGreaterThan(0.014)

  const prompt = "read https://example.com/swallows"
  const read = await ask(app, ann, await createRoom(app, ann, { urlContext: true }), prompt)
  expect(callsFor(prompt)[0]?.usage?.pageTokens).toBeGreaterThan(0)
  expect(read).toMatchObject({ status: "completed", cost: usd(booked(prompt)) })
})

test("attempts that failed cost, too", async () => {
  const prompt = "[[gemini: cut after=2 times=2]] third time"
  const reply = await ask(app, ann, await createRoom(app, ann), prompt)
  expect(callsFor("third time")).toHaveLength(3)
  expect(reply).toMatchObject({ status: "completed", cost: usd(booked("third time")) })
})

test("a reply that fails for good costs what its calls used, and an operator's retry adds to it", async () => {
  const room = await createRoom(app, ann)
  const reply = await ask(app, ann, room, "[[gemini: safety after=1 times=1]] refused")
  expect(reply).toMatchObject({ status: "failed", cost: usd(booked("refused")) })
  const retried = await app.admin.post(`/admin/replies/${reply.id}/retry`)
  expect(retried.status).toBe(202)
  const again = await finalReply(app, ann, reply)
  expect(again).toMatchObject({ status: "completed", cost: usd(booked("refused")) })
  expect(Number(again.cost.amount)).toBeGreaterThan(Number(reply.cost.amount))
})

test("a fallback model's call costs by its own prices", async () => {
  app.gemini.script({ directive: "empty", text: "somebody else", model: USUAL, calls: 1 })
  app.gemini.script({ directive: "unavailable", text: "somebody else", model: USUAL, calls: "all" })
  const reply = await ask(app, ann, await createRoom(app, ann), "somebody else")
  expect(callsFor("somebody else").map(({ model }) => model)).toEqual([USUAL, USUAL, OTHER])
  expect(reply).toMatchObject({ status: "completed", model: OTHER, cost: usd(booked("somebody else")) })
})

test("a cancelled reply costs what came before", async () => {
  const { body } = await send(app, ann, await createRoom(app, ann), "[[gemini: stall after=1]] cancelled")
  await untilText(body.reply)
  expect((await cancel(ann, body.reply)).body).toMatchObject({
    status: "cancelled",
    cost: usd(booked("cancelled")),
  })
})

const untilText = ({ id }: Reply) =>
  expect
    .poll(async () => (await app.query("SELECT content FROM messages WHERE id = $1", id))[0].content)
    .not.toBe("")

test("calls that the provider refuses cost nothing, and one of a model without a price has no cost", async () => {
  const refused = await ask(app, ann, await createRoom(app, ann), "[[gemini: forbidden]] refused at once")
  expect(refused).toMatchObject({ status: "failed", cost: null })
  const room = await createRoom(app, ann, { model: NO_PRICE })
  expect(await ask(app, ann, room, "without a price")).toMatchObject({ status: "completed", cost: null })
})

test("one call without a price leaves the cost of all unknown", async () => {
  app.gemini.script({ directive: "empty", text: "mixed", model: NO_PRICE, calls: 1 })
  app.gemini.script({ directive: "unavailable", text: "mixed", model: NO_PRICE, calls: "all" })
  const reply = await ask(app, ann, await createRoom(app, ann, { model: NO_PRICE }), "mixed")
  expect(reply).toMatchObject({ status: "completed", model: OTHER, cost: null })
})

test("all rows together are the provider's books, and so are the day's totals", async () => {
  const { [NO_PRICE]: unpriced, ...books } = app.gemini.books()
  const charged = sum(Object.values(books).map(({ cost }) => BigInt(cost ?? 0)))
  const [rows] = await app.query("SELECT sum(cost_amount) AS sum FROM messages WHERE NOT is_copy")
  // Of the reply with calls of both kinds the row knows no cost.
  const [mixed] = callsFor("mixed").filter(({ model }) => model === OTHER)
  const known = charged - chargeFor(mixed as Call)
  expect(toDollars(toPico(rows.sum))).toBe(toDollars(known))

  const totals = await app.query(
    `SELECT model, sum(calls)::int AS calls, sum(unpriced_calls)::int AS unpriced, sum(prompt_tokens)::int AS prompt,
       sum(output_tokens)::int AS output, sum(thought_tokens)::int AS thought, sum(cost_amount) AS cost
     FROM model_usage GROUP BY model ORDER BY model`,
  )
  const expected = Object.entries(app.gemini.books()).map(([model, used]) => ({
    model,
    calls: used.calls,
    unpriced: model === NO_PRICE ? used.calls : 0,
    prompt: used.promptTokens,
    output: used.outputTokens,
    thought: used.thoughtTokens,
  }))
  expect(totals.map(({ cost, ...counts }) => counts)).toEqual(
    expected.sort((a, b) => (a.model < b.model ? -1 : 1)),
  )
  expect(totals.reduce((sum, { cost }) => sum + toPico(cost), 0n)).toBe(charged)
  expect(unpriced?.calls).toBe(2)
})

/** A decimal number of dollars as `cost.ts` counts. */
function toPico(dollars: string): bigint {
  const [whole = "0", decimals = ""] = dollars.split(".")
  return BigInt(whole + decimals.padEnd(12, "0"))
}

const idle = useTestApp({ worker: false })

test("a reply that its stopping worker hands back keeps what it has cost", async () => {
  const user = await signIn(idle)
  const { body } = await send(
    idle,
    user,
    await createRoom(idle, user),
    "[[gemini: stall after=1 times=1]] handed back",
  )
  const reply = { userId: user.user.id, id: body.reply.id }
  const stopping = new AbortController()
  const run = processReply(idle.ctx, reply, stopping.signal)
  await expect.poll(() => idle.gemini.calls()[0]?.chunksSent).toBe(1)
  await expect
    .poll(async () => (await idle.query("SELECT content FROM messages WHERE id = $1", reply.id))[0].content)
    .not.toBe("")
  stopping.abort()
  expect(await run).toMatchObject({ outcome: "later" })
  await processReply(idle.ctx, reply, new AbortController().signal)
  const calls = idle.gemini.calls()
  expect(calls).toHaveLength(2)
  const { cost } = await finalReply(idle, user, body.reply)
  expect(cost).toEqual(usd(toDollars(sum(calls.map(chargeFor)))))
})

test("a stale attempt adds nothing, whoever ended the reply", async () => {
  const user = await signIn(idle)
  const { body } = await send(
    idle,
    user,
    await createRoom(idle, user),
    "[[gemini: stall after=1 times=1]] stale",
  )
  const reply = { userId: user.user.id, id: body.reply.id }
  const before = idle.gemini.calls().length
  const run = processReply(idle.ctx, reply, new AbortController().signal)
  await expect.poll(() => idle.gemini.calls()[before]?.chunksSent).toBe(1)
  // As a takeover leaves it: another attempt has begun.
  await idle.query("UPDATE messages SET attempt = attempt + 1 WHERE id = $1", reply.id)
  expect(await run).toEqual({ outcome: "nothing-to-do" })
  const [row] = await idle.query("SELECT cost_amount, unpriced_calls FROM messages WHERE id = $1", reply.id)
  expect(row).toEqual({ cost_amount: null, unpriced_calls: 0 })
})

test("a call is billed by the prices of the day on which its attempt began", async () => {
  await setAppNow(idle.pool, nextMidnight())
  const user = await signIn(idle)
  const { body } = await send(idle, user, await createRoom(idle, user), "next year")
  const claimed = await claimReply(idle.ctx, { userId: user.user.id, id: body.reply.id })
  expect(claimed).toMatchObject({ attempt: { day: nextMidnight().toISOString().slice(0, 10) } })
})

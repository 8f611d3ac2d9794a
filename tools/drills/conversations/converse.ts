import { pause } from "../../../src/utils/time.ts"
import type { User } from "../../lib/client.ts"
import type { Random } from "../../lib/random.ts"
import { askFor, follow, openRoom, send } from "../asking.ts"
import { type Exchange, isAnswered, type Stop } from "../exchange.ts"
import { isEnough, type State, type Talk } from "../load.ts"
import { type Mix, writePrompt } from "../prompts.ts"
import { uploadFile } from "./files.ts"
import { withWhatFollows } from "./tree.ts"

/** Steps in one chatroom: few enough for the branch to stay far below the token budget. */
const STEPS_PER_ROOM = 9
/** A reply is asked to stop within this time. */
const MAX_PATIENCE_MS = 1_500
const MIX: Mix = { cut: 0.08, short: 0.15, blocked: 0.06 }

/** One chatroom of a user's, while they are in it. */
interface Conversation {
  load: State
  user: User
  random: Random
  roomId: string
  /** Unique in the load. */
  label(): string
  exchanges: Exchange[]
  listening: Promise<unknown>[]
}

/**
 * Talks as people do, in one chatroom after the other: prompts with files, ones that interrupt and ones that begin another
 * branch; replies that are cancelled, made once more, and gone on with; messages that are changed, deleted and copied.
 */
export const converse: Talk = async (load, user, { label, random }) => {
  let prompts = 0
  while (!isEnough(load) && !load.options.signal.aborted) {
    const roomId = await openRoom(load, user, drawSettings(random))
    const room: Conversation = {
      load,
      user,
      random,
      roomId,
      label: () => `${label}, prompt ${prompts++}`,
      exchanges: [],
      listening: [],
    }
    await ask(room)
    for (let step = 1; step < STEPS_PER_ROOM && !isEnough(load); step++) {
      if (random.chance(0.5)) await Promise.all(room.listening)
      await drawDeed(room)(room)
    }
    await Promise.all(room.listening)
  }
}

function drawSettings(random: Random): object {
  return {
    ...(random.chance(0.3) && { model: "gemini-3.5-flash-lite" }),
    ...(random.chance(0.3) && { webSearch: true }),
    ...(random.chance(0.3) && { thinking: random.pick(["low", "medium", "high"]) }),
    ...(random.chance(0.2) && { systemInstruction: "Answer in one sentence." }),
  }
}

type Deed = (room: Conversation) => Promise<void>

const DEEDS: readonly Deed[] = [
  ...[ask, ask, ask, regenerate, regenerate, goOn, goOn],
  ...[cancel, interrupt, remove, change, copy],
]

/** Where everything was deleted, only a prompt can be next. */
const drawDeed = ({ random, exchanges }: Conversation): Deed =>
  exchanges.length > 0 ? random.pick(DEEDS) : ask

async function ask(room: Conversation): Promise<void> {
  const { load, random } = room
  const fields = {
    ...(random.chance(0.2) && { thinking: random.pick(["low", "medium", "high"]) }),
    ...drawParent(room),
  }
  const onBusy = random.chance(0.1) ? { onBusy: "reject" } : {}
  count(load, "parentId" in fields ? "edited or begun anew" : "sent")
  await sendPrompt(room, { ...fields, ...onBusy })
}

/** Most prompts follow what the room shows; some an earlier reply, or none. */
function drawParent({ random, exchanges }: Conversation): { parentId?: string | null } {
  if (!random.chance(0.2)) return {}
  const replies = exchanges.filter(isAnswered).map(({ replyId }) => replyId)
  return { parentId: random.pick([null, ...replies]) }
}

async function sendPrompt(room: Conversation, fields: object): Promise<void> {
  const { load, user, random, roomId } = room
  const length = random.chance(0.3) ? random.int(1, 2) : 0
  const files = await Promise.all(Array.from({ length }, () => uploadFile(load, user, random)))
  if (length > 0) count(load, "with files")
  const prompt = writePrompt(random, room.label(), { mix: MIX })
  listen(room, await send(load, user, { roomId, prompt, files, fields }))
}

function listen(room: Conversation, exchange: Exchange | null): void {
  if (!exchange) return
  room.exchanges.push(exchange)
  room.listening.push(follow(room.load, exchange, room.random))
}

function count({ counts }: State, deed: string): void {
  counts.set(deed, (counts.get(deed) ?? 0) + 1)
}

const unanswered = ({ exchanges }: Conversation) => exchanges.filter((exchange) => !isAnswered(exchange))

/** Whatever is unfinished in the room may be stopped. */
async function interrupt(room: Conversation): Promise<void> {
  const stop: Stop = { by: "interrupt", from: Date.now(), to: Number.POSITIVE_INFINITY }
  for (const exchange of unanswered(room)) exchange.stops.push(stop)
  count(room.load, "interrupting")
  await sendPrompt(room, { onBusy: "interrupt" })
  stop.to = Date.now()
}

async function cancel(room: Conversation): Promise<void> {
  const { load, user, random, roomId } = room
  await pause(random.int(0, MAX_PATIENCE_MS), load.options.signal)
  const waiting = unanswered(room)
  if (waiting.length === 0) return
  const exchange = random.pick(waiting)
  const stop: Stop = { by: "cancel", from: Date.now(), to: Number.POSITIVE_INFINITY }
  exchange.stops.push(stop)
  count(load, "cancelled")
  const path = `/chatroom/${roomId}/message/${exchange.replyId}/cancel`
  const { status, body } = await load.client.post(path, {}, { token: await user.token() })
  stop.to = Date.now()
  if (status !== 200) load.surprises.push(`${status} ${JSON.stringify(body)}`)
}

async function regenerate(room: Conversation): Promise<void> {
  const { load, random } = room
  const before = random.pick(room.exchanges)
  const model = random.chance(0.2) ? { model: "gemini-3.5-flash-lite" } : {}
  count(load, "regenerated")
  await askAgain(room, before, {
    verb: "regenerate",
    of: random.pick([before.replyId, before.promptId]),
    body: model,
  })
}

/** Goes on with a reply that ended early, if there is one. */
async function goOn(room: Conversation): Promise<void> {
  const cut = room.exchanges.filter(
    ({
      heard: {
        dones: [done],
      },
    }) => done && endedEarly(done),
  )
  if (cut.length === 0) return
  const before = room.random.pick(cut)
  count(room.load, "continued")
  await askAgain(room, before, { verb: "continue", of: before.replyId, body: {} })
}

type Done = Exchange["heard"]["dones"][number]

function endedEarly({ status, content, finishReason }: Done): boolean {
  return (
    content !== "" && (status === "cancelled" || (status === "completed" && finishReason === "MAX_TOKENS"))
  )
}

async function askAgain(
  room: Conversation,
  { text, kind, chunks, files }: Exchange,
  { verb, of, body }: { verb: string; of: string; body: object },
): Promise<void> {
  const { load, user, roomId } = room
  const path = `/chatroom/${roomId}/message/${of}/${verb}`
  listen(room, await askFor(load, user, { text, kind, chunks, files, roomId, path, body }))
}

/** Deletes a message and all that follows it, what is unfinished included. */
async function remove(room: Conversation): Promise<void> {
  const { load, user, random, roomId, exchanges } = room
  const { promptId, replyId } = random.pick(exchanges)
  const messageId = random.pick([promptId, replyId])
  const gone = await withWhatFollows(load, { user, roomId, exchanges, messageId })
  for (const exchange of gone) exchange.isDeleted = true
  room.exchanges = exchanges.filter(({ isDeleted }) => !isDeleted)
  count(load, "deleted")
  const token = await user.token()
  const { status, body, tries } = await load.client.delete(`/chatroom/${roomId}/message/${messageId}`, {
    token,
  })
  if (status !== 204 && !(status === 404 && tries > 1))
    load.surprises.push(`${status} ${JSON.stringify(body)}`)
}

/** Sends a prompt that has to wait, as a rule, and changes its text unless a worker has begun to reply to it. */
async function change(room: Conversation): Promise<void> {
  const { load, user, roomId, exchanges } = room
  if (unanswered(room).length === 0) await ask(room)
  await ask(room)
  const waiting = unanswered(room).at(-1)
  if (!waiting) return
  const path = `/chatroom/${roomId}/message/${waiting.promptId}`
  const token = await user.token()
  const message = `${waiting.text} (changed)`
  const { status, body } = await load.client.patch(path, { message }, { token })
  if (status !== 200 && body.code !== "already_started")
    load.surprises.push(`${status} ${JSON.stringify(body)}`)
  // An answer may have been lost, and the reply have begun since: what is stored tells.
  const { body: stored } = await load.client.get(path, { token })
  if (stored.content !== message) return
  count(load, "changed")
  for (const exchange of exchanges) if (exchange.promptId === waiting.promptId) exchange.text = message
}

/** Copies a branch into a chatroom of its own and goes on there. */
async function copy(room: Conversation): Promise<void> {
  const { load, user, random, roomId, exchanges } = room
  // What is unfinished wouldn't be copied.
  await Promise.all(room.listening)
  const { promptId, replyId } = random.pick(exchanges)
  const messageId = random.pick([promptId, replyId])
  const path = `/chatroom/${roomId}/fork`
  const { status, body } = await load.client.post(path, { messageId }, { token: await user.token() })
  if (status !== 201) return void load.surprises.push(`${status} ${JSON.stringify(body)}`)
  count(load, "copied")
  load.rooms.set(body.id, user)
  load.copies.push({ roomId: body.id, messageId })
  Object.assign(room, { roomId: body.id, exchanges: [] })
  await ask(room)
}

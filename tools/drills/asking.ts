import type { User } from "../lib/client.ts"
import { type Heard, listen, type Manner, silence } from "../lib/listener.ts"
import type { Random } from "../lib/random.ts"
import { type Exchange, mayBeLost, type SentFile } from "./exchange.ts"
import type { State } from "./load.ts"
import type { Prompt } from "./prompts.ts"

/** Creates a chatroom. */
export async function openRoom({ client, rooms }: State, user: User, settings: object = {}): Promise<string> {
  const { status, body } = await client.post("/chatroom", settings, { token: await user.token() })
  if (status !== 201) throw new Error(`no room: ${JSON.stringify(body)}`)
  rooms.set(body.id, user)
  return body.id
}

/** What a prompt is sent with beside its text. */
interface Extras {
  files?: SentFile[]
  /** More fields of the body. */
  fields?: object
}

/** Sends a prompt. @returns null where it wasn't accepted */
export async function send(
  load: State,
  user: User,
  { roomId, prompt, files = [], fields = {} }: { roomId: string; prompt: Prompt } & Extras,
): Promise<Exchange | null> {
  const attachments = files.length > 0 ? { attachments: files.map(({ id }) => id) } : {}
  const body = { message: prompt.text, ...attachments, ...fields }
  return askFor(load, user, { ...prompt, roomId, files, path: `/chatroom/${roomId}/message`, body })
}

/** A request that promises a reply. */
interface Asking extends Prompt {
  roomId: string
  files: SentFile[]
  path: string
  body: object
}

/** Asks for a reply, to a new prompt or once more to one. @returns null where none was promised */
export async function askFor(
  load: State,
  user: User,
  { path, body: sent, ...asked }: Asking,
): Promise<Exchange | null> {
  const token = await user.token()
  const sentAt = Date.now()
  const { status, body, tries } = await load.client.post(path, sent, { token })
  if (status === 404 && load.losses.length > 0) return null
  if (body.code === "room_busy" && isPolite(sent)) return null
  if (status !== 202) {
    load.surprises.push(`${status} ${JSON.stringify(body)}`)
    return null
  }
  const reply = body.role === "user" ? body.reply : body
  const exchange: Exchange = {
    ...asked,
    user,
    promptId: reply.parentId,
    replyId: reply.id,
    stops: [],
    isDeleted: false,
    heard: silence(),
    sentAt,
    tookMs: Date.now() - sentAt,
    tries,
  }
  load.exchanges.push(exchange)
  return exchange
}

/** Whether a prompt is to be refused in a busy room. */
const isPolite = (body: { onBusy?: string }) => body.onBusy === "reject"

/** Listens to a reply until its end. */
export function follow(load: State, exchange: Exchange, random: Random, manner: Manner = {}): Promise<Heard> {
  const { user, roomId, replyId, heard } = exchange
  const signal = AbortSignal.any([load.options.signal, load.settled.signal])
  const path = `/chatroom/${roomId}/message/${replyId}/stream`
  const mayBeGone = () => exchange.isDeleted || mayBeLost(load, exchange)
  return listen(load.client, user, path, { random: random.fork(replyId), signal, heard, manner, mayBeGone })
}

import type { NewMessage } from "../schemas/chat.ts"
import type { PageQuery } from "../schemas/common.ts"
import { cancelReply } from "../services/chat/cancel-reply.ts"
import { getMessage as find, getReply, listMessages as list } from "../services/chat/list-messages.ts"
import { sendMessage } from "../services/chat/send-message.ts"
import type { Context } from "../services/context.ts"
import { followReply, waitForReply } from "../services/generation/follow-reply.ts"
import { whileOpen } from "../services/platform/streams.ts"
import { SECOND } from "../utils/time.ts"
import { accepted, created, events, ok, type Reply, type UserInput } from "./endpoint.ts"
import { readIdempotencyKey, replayHeaders } from "./idempotency-key.ts"
import { nextLink } from "./page-link.ts"
import { presentReplyEvents } from "./presenters/events.ts"
import { presentExchange, presentMessage } from "./presenters/message.ts"

type OneRoom = { params: { id: string } }
type OneMessage = { params: { id: string; messageId: string } }

/** Answers at once, with the reply's stream where the client accepts one, or within `Prefer: wait=N` when it is final. */
export async function postMessage(
  ctx: Context,
  input: UserInput<OneRoom & { body: NewMessage }>,
): Promise<Reply> {
  if (!input.header("accept")?.includes("text/event-stream")) return answer(ctx, input)
  // Before the prompt is taken: who may have no more streams shall not pay for one.
  const giveBack = ctx.streams.take(input.user.userId)
  try {
    const { exchange, headers } = await send(ctx, input)
    const changes = followReply(ctx, { replyId: exchange.reply.id, signal: input.signal })
    return { ...events(whileOpen(presentReplyEvents(ctx, changes), giveBack)), headers }
  } catch (error) {
    giveBack()
    throw error
  }
}

async function send(
  ctx: Context,
  { user, params, body, header, requestId }: UserInput<OneRoom & { body: NewMessage }>,
) {
  const exchange = await sendMessage(ctx, {
    userId: user.userId,
    chatroomId: params.id,
    content: body.message,
    parentId: body.parentId,
    key: readIdempotencyKey(header("idempotency-key"), { route: "send-message", room: params.id, body }),
    requestId,
  })
  const location = `/chatroom/${params.id}/message/${exchange.reply.id}`
  return { exchange, headers: { Location: location, ...replayHeaders(exchange.replayed) } }
}

async function answer(ctx: Context, input: UserInput<OneRoom & { body: NewMessage }>): Promise<Reply> {
  const { exchange, headers } = await send(ctx, input)
  const waitMs = readWait(input.header("prefer"))
  const enough = () => AbortSignal.any([input.signal, AbortSignal.timeout(waitMs)])
  const reply = waitMs > 0 ? await waitForReply(ctx, exchange.reply.id, enough()) : null
  if (!reply) return accepted(presentExchange(ctx, exchange), headers)
  const applied = { "Preference-Applied": `wait=${waitMs / SECOND}` }
  return created(presentExchange(ctx, { ...exchange, reply }), { ...headers, ...applied })
}

const MAX_WAIT_SECONDS = 60

/** RFC 7240's `wait`, in ms, at most a minute; 0 without one. */
function readWait(prefer: string | undefined): number {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,5})/i.exec(prefer ?? "")?.[1]
  return Math.min(Number(seconds ?? 0), MAX_WAIT_SECONDS) * SECOND
}

export async function listMessages(
  ctx: Context,
  { user, params, query }: UserInput<OneRoom & { query: PageQuery }>,
): Promise<Reply> {
  const { items, next } = await list(ctx, { userId: user.userId, chatroomId: params.id, ...query })
  return ok(
    items.map((message) => presentMessage(ctx, message)),
    nextLink(`/chatroom/${params.id}/message`, query, next),
  )
}

export async function getMessage(ctx: Context, { user, params }: UserInput<OneMessage>): Promise<Reply> {
  return ok(
    presentMessage(
      ctx,
      await find(ctx, { userId: user.userId, chatroomId: params.id, messageId: params.messageId }),
    ),
  )
}

export async function streamMessage(
  ctx: Context,
  { user, params, header, signal }: UserInput<OneMessage>,
): Promise<Reply> {
  const { id } = await getReply(ctx, {
    userId: user.userId,
    chatroomId: params.id,
    messageId: params.messageId,
  })
  const giveBack = ctx.streams.take(user.userId)
  const changes = followReply(ctx, { replyId: id, lastEventId: header("last-event-id"), signal })
  return events(whileOpen(presentReplyEvents(ctx, changes), giveBack))
}

export async function cancelMessage(
  ctx: Context,
  { user, params, signal }: UserInput<OneMessage>,
): Promise<Reply> {
  const { id: chatroomId, messageId } = params
  return ok(
    presentMessage(ctx, await cancelReply(ctx, { userId: user.userId, chatroomId, messageId, signal })),
  )
}

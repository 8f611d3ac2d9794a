import type { NewMessage } from "../schemas/chat.ts"
import type { PageQuery } from "../schemas/common.ts"
import { findOwnMessage, findOwnReply, listMessages } from "../services/chat/list-messages.ts"
import type { Context } from "../services/context.ts"
import { whileOpen } from "../services/platform/stream-limit.ts"
import { cancelReply } from "../services/replies/accept/cancel-reply.ts"
import { sendMessage } from "../services/replies/accept/send-message.ts"
import { followReply, waitForReply } from "../services/replies/stream/follow-reply.ts"
import { SECOND } from "../utils/time.ts"
import { accepted, created, events, type HttpResponse, ok, type UserInput } from "./http.ts"
import { readIdempotencyKey, replayHeaders } from "./idempotency-key.ts"
import { nextLink } from "./page-link.ts"
import { presentReplyEvents } from "./presenters/events.ts"
import { presentMessage, presentPromptAndReply } from "./presenters/message.ts"

type OneRoom = { params: { id: string } }
type OneMessage = { params: { id: string; messageId: string } }

/** Answers at once, with the reply's stream where the client accepts one, or within `Prefer: wait=N` when it is final. */
export async function postMessage(
  ctx: Context,
  input: UserInput<OneRoom & { body: NewMessage }>,
): Promise<HttpResponse> {
  if (!input.header("accept")?.includes("text/event-stream")) return answer(ctx, input)
  // Before the prompt is taken: who may have no more streams shall not pay for one.
  const giveBack = ctx.streamLimit.take(input.user.userId)
  try {
    const { sent, headers } = await send(ctx, input)
    const changes = followReply(ctx, { replyId: sent.reply.id, signal: input.signal })
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
  const sent = await sendMessage(ctx, {
    userId: user.userId,
    chatroomId: params.id,
    content: body.message,
    parentId: body.parentId,
    key: readIdempotencyKey(header("idempotency-key"), { route: "send-message", room: params.id, body }),
    requestId,
  })
  const location = `/chatroom/${params.id}/message/${sent.reply.id}`
  return { sent, headers: { Location: location, ...replayHeaders(sent.replayed) } }
}

async function answer(ctx: Context, input: UserInput<OneRoom & { body: NewMessage }>): Promise<HttpResponse> {
  const { sent, headers } = await send(ctx, input)
  const waitMs = readWait(ctx, input.header("prefer"))
  const enough = () => AbortSignal.any([input.signal, AbortSignal.timeout(waitMs)])
  const reply = waitMs > 0 ? await waitForReply(ctx, sent.reply.id, enough()) : null
  if (!reply) return accepted(presentPromptAndReply(ctx, sent), headers)
  const applied = { "Preference-Applied": `wait=${waitMs / SECOND}` }
  return created(presentPromptAndReply(ctx, { ...sent, reply }), { ...headers, ...applied })
}

/** RFC 7240's `wait`, in ms, at most a minute; 0 without one. */
function readWait(ctx: Context, prefer: string | undefined): number {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,5})/i.exec(prefer ?? "")?.[1]
  return Math.min(Number(seconds ?? 0) * SECOND, ctx.timing.http.longestWaitMs)
}

export async function getMessages(
  ctx: Context,
  { user, params, query }: UserInput<OneRoom & { query: PageQuery }>,
): Promise<HttpResponse> {
  const { items, next } = await listMessages(ctx, { userId: user.userId, chatroomId: params.id, ...query })
  return ok(
    items.map((message) => presentMessage(ctx, message)),
    nextLink(`/chatroom/${params.id}/message`, query, next),
  )
}

export async function getMessage(
  ctx: Context,
  { user, params }: UserInput<OneMessage>,
): Promise<HttpResponse> {
  return ok(
    presentMessage(
      ctx,
      await findOwnMessage(ctx, { userId: user.userId, chatroomId: params.id, messageId: params.messageId }),
    ),
  )
}

export async function streamMessage(
  ctx: Context,
  { user, params, header, signal }: UserInput<OneMessage>,
): Promise<HttpResponse> {
  const { id } = await findOwnReply(ctx, {
    userId: user.userId,
    chatroomId: params.id,
    messageId: params.messageId,
  })
  const giveBack = ctx.streamLimit.take(user.userId)
  const changes = followReply(ctx, { replyId: id, lastEventId: header("last-event-id"), signal })
  return events(whileOpen(presentReplyEvents(ctx, changes), giveBack))
}

export async function cancelMessage(
  ctx: Context,
  { user, params, signal }: UserInput<OneMessage>,
): Promise<HttpResponse> {
  const { id: chatroomId, messageId } = params
  return ok(
    presentMessage(ctx, await cancelReply(ctx, { userId: user.userId, chatroomId, messageId, signal })),
  )
}

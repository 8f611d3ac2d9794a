import type { Feedback, NewMessage } from "../schemas/chat.ts"
import type { PageQuery } from "../schemas/common.ts"
import { findOwnMessage, findOwnReply, listMessages } from "../services/chat/list-messages.ts"
import { rateReply } from "../services/chat/rate-reply.ts"
import type { Context } from "../services/context.ts"
import { cancelReply } from "../services/replies/accept/cancel-reply.ts"
import { sendMessage } from "../services/replies/accept/send-message.ts"
import { followReply, waitForReply } from "../services/replies/stream/follow-reply.ts"
import { SECOND } from "../utils/time.ts"
import { accepted, created, events, noContent, ok, type UserInput } from "./http.ts"
import { readIdempotencyKey, replayHeaders } from "./idempotency-key.ts"
import { nextLink } from "./page-link.ts"
import { presentReplyEvents } from "./presenters/events.ts"
import { presentMessage, presentPromptAndReply } from "./presenters/message.ts"

type OneRoom = { params: { id: string } }
type OneMessage = { params: { id: string; messageId: string } }

/**
 * Accepts a prompt. Responds at once; with the reply's stream if the client accepts one; or with the final reply if it
 * is ready within `Prefer: wait=N`.
 */
export async function postMessage(ctx: Context, input: UserInput<OneRoom & { body: NewMessage }>) {
  const { params, body, header, requestId } = input
  const { userId } = input.user
  const sent = await sendMessage(ctx, {
    userId,
    chatroomId: params.id,
    content: body.message,
    parentId: body.parentId,
    thinking: body.thinking ?? null,
    key: readIdempotencyKey(header("idempotency-key"), { route: "send-message", room: params.id, body }),
    requestId,
  })
  const reply = { userId, id: sent.reply.id }
  const headers = {
    Location: `/chatroom/${params.id}/message/${reply.id}`,
    ...replayHeaders(sent.replayed),
  }
  if (header("accept")?.includes("text/event-stream")) {
    const stream = presentReplyEvents(ctx, followReply(ctx, { reply, signal: input.signal }))
    return { ...events(ctx.streamLimit.open(userId, stream)), headers }
  }
  const waitMs = readWait(ctx, header("prefer"))
  if (waitMs === 0) return accepted(presentPromptAndReply(ctx, sent), headers)
  const enough = AbortSignal.any([input.signal, AbortSignal.timeout(waitMs)])
  const final = await waitForReply(ctx, reply, enough)
  if (!final) return accepted(presentPromptAndReply(ctx, sent), headers)
  const applied = { "Preference-Applied": `wait=${waitMs / SECOND}` }
  return created(presentPromptAndReply(ctx, { ...sent, reply: final }), { ...headers, ...applied })
}

/** Reads `wait` of RFC 7240 in milliseconds, capped at `longestWaitMs`; 0 without one. */
function readWait(ctx: Context, prefer: string | undefined): number {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,5})/i.exec(prefer ?? "")?.[1]
  return Math.min(Number(seconds ?? 0) * SECOND, ctx.timing.http.longestWaitMs)
}

export async function getMessages(
  ctx: Context,
  { user, params, query }: UserInput<OneRoom & { query: PageQuery }>,
) {
  const { items, next } = await listMessages(ctx, { userId: user.userId, chatroomId: params.id, ...query })
  return ok(
    items.map((message) => presentMessage(ctx, message)),
    nextLink(`/chatroom/${params.id}/message`, query, next),
  )
}

export async function getMessage(ctx: Context, input: UserInput<OneMessage>) {
  return ok(presentMessage(ctx, await findOwnMessage(ctx, idsOf(input))))
}

export async function streamMessage(ctx: Context, input: UserInput<OneMessage>) {
  const { user, header, signal } = input
  const { id } = await findOwnReply(ctx, idsOf(input))
  const changes = followReply(ctx, {
    reply: { userId: user.userId, id },
    lastEventId: header("last-event-id"),
    signal,
  })
  return events(ctx.streamLimit.open(user.userId, presentReplyEvents(ctx, changes)))
}

export async function cancelMessage(ctx: Context, input: UserInput<OneMessage>) {
  const { signal } = input
  return ok(presentMessage(ctx, await cancelReply(ctx, { ...idsOf(input), signal })))
}

export async function putFeedback(ctx: Context, input: UserInput<OneMessage & { body: Feedback }>) {
  const { body } = input
  const feedback = body && { rating: body.rating, reason: body.reason ?? null }
  await rateReply(ctx, { ...idsOf(input), feedback })
  return noContent()
}

function idsOf({ user, params }: UserInput<OneMessage>) {
  return { userId: user.userId, chatroomId: params.id, messageId: params.messageId }
}

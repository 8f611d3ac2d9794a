import type { Feedback, MessageChange, NewMessage, Regeneration } from "../schemas/chat.ts"
import type { PageQuery } from "../schemas/common.ts"
import { findOwnMessage, findOwnReply, listMessages } from "../services/chat/list-messages.ts"
import type { MessageRecord } from "../services/chat/message-record.ts"
import { rateReply } from "../services/chat/rate-reply.ts"
import type { Context } from "../services/context.ts"
import { cancelReply } from "../services/replies/accept/cancel-reply.ts"
import { continueReply } from "../services/replies/accept/continue-reply.ts"
import { deleteMessage } from "../services/replies/accept/delete-message.ts"
import { editPrompt } from "../services/replies/accept/edit-prompt.ts"
import { regenerateReply } from "../services/replies/accept/regenerate-reply.ts"
import { sendMessage } from "../services/replies/accept/send-message.ts"
import { followReply, waitForReply } from "../services/replies/stream/follow-reply.ts"
import { SECOND } from "../utils/time.ts"
import { accepted, created, events, json, noContent, ok, type UserInput } from "./http.ts"
import { readIdempotencyKey, replayHeaders } from "./idempotency-key.ts"
import { nextLink } from "./page-link.ts"
import { presentReplyEvents } from "./presenters/events.ts"
import { presentMessage, presentPromptAndReply } from "./presenters/message.ts"
import { messagesBytes } from "./presenters/message-text.ts"

type OneRoom = { params: { id: string } }
type OneMessage = { params: { id: string; messageId: string } }

/**
 * Accepts a prompt. Responds at once; with the reply's stream if the client accepts one; or with the final reply if it
 * is ready within `Prefer: wait=N`.
 */
export async function postMessage(ctx: Context, input: UserInput<OneRoom & { body: NewMessage }>) {
  const { params, body, header, requestId } = input
  const sent = await sendMessage(ctx, {
    userId: input.user.userId,
    chatroomId: params.id,
    content: body.message,
    parentId: body.parentId,
    attachments: body.attachments,
    thinking: body.thinking ?? null,
    ...(body.onBusy && { onBusy: body.onBusy }),
    key: readIdempotencyKey(header("idempotency-key"), { route: "send-message", room: params.id, body }),
    requestId,
  })
  return respond(ctx, input, sent, (reply) => presentPromptAndReply(ctx, { ...sent, reply }))
}

/** Accepts another reply to a prompt, and responds as `postMessage` does. */
export async function postRegenerate(ctx: Context, input: UserInput<OneMessage & { body: Regeneration }>) {
  const { body, header, requestId } = input
  const request = { route: "regenerate", ...input.params, body }
  const key = readIdempotencyKey(header("idempotency-key"), request)
  const { model = null, thinking = null } = body
  const added = await regenerateReply(ctx, { ...idsOf(input), model, thinking, key, requestId })
  return respond(ctx, input, added, (reply) => presentMessage(ctx, reply))
}

/** Accepts the rest of a reply that ended early, and responds as `postMessage` does. */
export async function continueMessage(ctx: Context, input: UserInput<OneMessage & { body: Regeneration }>) {
  const { body, header, requestId } = input
  const key = readIdempotencyKey(header("idempotency-key"), { route: "continue", ...input.params, body })
  const { model = null, thinking = null } = body
  const added = await continueReply(ctx, { ...idsOf(input), model, thinking, key, requestId })
  return respond(ctx, input, added, (reply) => presentMessage(ctx, reply))
}

/** Responds with a reply that was accepted, as soon as the client wants it. */
async function respond(
  ctx: Context,
  input: UserInput<OneRoom>,
  { reply: { id }, reply: queued, replayed }: { reply: MessageRecord; replayed: boolean },
  present: (reply: MessageRecord) => object,
) {
  const { params, header } = input
  const { userId } = input.user
  const reply = { userId, id }
  const headers = { Location: `/chatroom/${params.id}/message/${id}`, ...replayHeaders(replayed) }
  if (header("accept")?.includes("text/event-stream")) {
    const stream = presentReplyEvents(ctx, followReply(ctx, { reply, signal: input.signal }))
    return { ...events(ctx.streamLimit.open(userId, stream)), headers }
  }
  const waitMs = readWait(ctx, header("prefer"))
  if (waitMs === 0) return accepted(present(queued), headers)
  const enough = AbortSignal.any([input.signal, AbortSignal.timeout(waitMs)])
  const final = await waitForReply(ctx, reply, enough)
  if (!final) return accepted(present(queued), headers)
  return created(present(final), { ...headers, "Preference-Applied": `wait=${waitMs / SECOND}` })
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
  return json(messagesBytes(ctx, items), nextLink(`/chatroom/${params.id}/message`, query, next))
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

export async function patchMessage(ctx: Context, input: UserInput<OneMessage & { body: MessageChange }>) {
  const { body, requestId } = input
  return ok(presentMessage(ctx, await editPrompt(ctx, { ...idsOf(input), content: body.message, requestId })))
}

export async function removeMessage(ctx: Context, input: UserInput<OneMessage>) {
  await deleteMessage(ctx, { ...idsOf(input), requestId: input.requestId })
  return noContent()
}

function idsOf({ user, params }: UserInput<OneMessage>) {
  return { userId: user.userId, chatroomId: params.id, messageId: params.messageId }
}

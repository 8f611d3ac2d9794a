import type { NewMessage } from "../schemas/chat.ts"
import type { PageQuery } from "../schemas/common.ts"
import { getMessage as find, listMessages as list } from "../services/chat/list-messages.ts"
import { sendMessage } from "../services/chat/send-message.ts"
import type { Context } from "../services/context.ts"
import { followReply, toSse, waitForReply } from "../services/generation/follow-reply.ts"
import { SECOND } from "../utils/time.ts"
import { accepted, created, events, ok, type Reply, type UserInput } from "./endpoint.ts"
import { readIdempotencyKey, replayHeaders } from "./idempotency-key.ts"
import { nextLink } from "./page-link.ts"
import { presentExchange, presentMessage } from "./presenters/message.ts"

type OneRoom = { params: { id: string } }
type OneMessage = { params: { id: string; messageId: string } }

/** Answers at once, with the reply's stream where the client accepts one, or within `Prefer: wait=N` when it is final. */
export async function postMessage(
  ctx: Context,
  input: UserInput<OneRoom & { body: NewMessage }>,
): Promise<Reply> {
  const { user, params, body, header, requestId } = input
  const exchange = await sendMessage(ctx, {
    userId: user.userId,
    chatroomId: params.id,
    content: body.message,
    parentId: body.parentId,
    key: readIdempotencyKey(header("idempotency-key"), { route: "send-message", room: params.id, body }),
    requestId,
  })
  const replyId = exchange.reply.id
  const headers = {
    Location: `/chatroom/${params.id}/message/${replyId}`,
    ...replayHeaders(exchange.replayed),
  }
  if (header("accept")?.includes("text/event-stream")) {
    return { ...events(toSse(followReply(ctx, { replyId, signal: input.signal }), presentMessage)), headers }
  }
  const waitMs = readWait(header("prefer"))
  const reply =
    waitMs > 0 &&
    (await waitForReply(ctx, replyId, AbortSignal.any([input.signal, AbortSignal.timeout(waitMs)])))
  if (!reply) return accepted(presentExchange(exchange), headers)
  return created(presentExchange({ ...exchange, reply }), {
    ...headers,
    "Preference-Applied": `wait=${waitMs / SECOND}`,
  })
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
  return ok(items.map(presentMessage), nextLink(`/chatroom/${params.id}/message`, query, next))
}

export async function getMessage(ctx: Context, { user, params }: UserInput<OneMessage>): Promise<Reply> {
  return ok(
    presentMessage(
      await find(ctx, { userId: user.userId, chatroomId: params.id, messageId: params.messageId }),
    ),
  )
}

export async function streamMessage(
  ctx: Context,
  { user, params, header, signal }: UserInput<OneMessage>,
): Promise<Reply> {
  const message = await find(ctx, { userId: user.userId, chatroomId: params.id, messageId: params.messageId })
  const lastEventId = header("last-event-id")
  return events(toSse(followReply(ctx, { replyId: message.id, lastEventId, signal }), presentMessage))
}

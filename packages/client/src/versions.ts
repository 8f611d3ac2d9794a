import type { Arguments, Endpoint, Reply } from "./endpoint.ts"
import type { StreamEvent } from "./follow.ts"
import type { Chatroom, Endpoints, Message } from "./types.ts"

type ReplyEvents = Endpoints["GET /chatroom/{id}/message/{messageId}/stream"]["events"]

/** A message of a room. */
export interface MessageOfRoom {
  chatroomId: string
  messageId: string
}

/** Another reply to a prompt. */
export interface Another extends MessageOfRoom {
  /** Instead of the room's. */
  model?: string
  /** How much the model thinks before it replies, instead of the room's level. */
  thinking?: "low" | "medium" | "high"
  /** Sending the same again with the same key is safe. A random one by default. */
  idempotencyKey?: string
  signal?: AbortSignal
}

/** A reply that was asked for, and its stream, which needs to be read only where it is wanted. */
export interface Asked {
  reply: Message
  events: AsyncGenerator<StreamEvent<ReplyEvents>>
}

interface Client {
  call<E extends Endpoint>(endpoint: E, ...[given]: Arguments<E>): Promise<Reply<E>>
  followReply(reply: MessageOfRoom, options: { signal?: AbortSignal }): Asked["events"]
  /** Repeats what the connection has failed, where that is safe. */
  retry<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T>
}

/** What there is beside sending: other versions of a reply, changed and deleted messages, copies of a branch. */
export function createVersions({ call, followReply, retry }: Client) {
  const another = async (
    endpoint:
      | "POST /chatroom/{id}/message/{messageId}/regenerate"
      | "POST /chatroom/{id}/message/{messageId}/continue",
    { chatroomId, messageId, model, thinking, signal, idempotencyKey = crypto.randomUUID() }: Another,
  ): Promise<Asked> => {
    const ask = () =>
      call(endpoint, {
        params: { id: chatroomId, messageId },
        headers: { "Idempotency-Key": idempotencyKey },
        body: { ...(model === undefined ? {} : { model }), ...(thinking === undefined ? {} : { thinking }) },
        ...(signal ? { signal } : {}),
      })
    const reply = await retry(ask, signal)
    return { reply, events: followReply({ chatroomId, messageId: reply.id }, signal ? { signal } : {}) }
  }

  return {
    /** Makes another reply to a prompt, or to the prompt of a reply: a version beside the others. */
    regenerate: (reply: Another) => another("POST /chatroom/{id}/message/{messageId}/regenerate", reply),

    /** Goes on with a reply that ended early, in a version that begins with its text. */
    continueReply: (reply: Another) => another("POST /chatroom/{id}/message/{messageId}/continue", reply),

    /** Changes a prompt whose reply hasn't begun. @throws {ApiError} 409 `already_started` later */
    editPrompt: ({ chatroomId, messageId, message }: MessageOfRoom & { message: string }): Promise<Message> =>
      call("PATCH /chatroom/{id}/message/{messageId}", {
        params: { id: chatroomId, messageId },
        body: { message },
      }),

    /** Deletes a message and all that follows it. */
    deleteMessage: async ({ chatroomId, messageId }: MessageOfRoom): Promise<void> => {
      await call("DELETE /chatroom/{id}/message/{messageId}", { params: { id: chatroomId, messageId } })
    },

    /** Copies a branch up to a message into a new room, again where the connection fails: the key makes that safe. */
    fork: ({
      chatroomId,
      messageId,
      signal,
      idempotencyKey = crypto.randomUUID(),
    }: MessageOfRoom & { signal?: AbortSignal; idempotencyKey?: string }): Promise<Chatroom> => {
      const copy = () =>
        call("POST /chatroom/{id}/fork", {
          params: { id: chatroomId },
          headers: { "Idempotency-Key": idempotencyKey },
          body: { messageId },
          ...(signal ? { signal } : {}),
        })
      return retry(copy, signal)
    },
  }
}

import type { ChatTransport, UIMessage, UIMessageChunk } from "ai"
import type { ChatClient } from "./client.ts"
import type { StreamEvent } from "./follow.ts"
import type { Endpoints, Message } from "./types.ts"

export interface RoomTransportOptions {
  client: ChatClient
  /** The room's id; by default `useChat`'s own `id` is one. */
  chatroomId?: string
  /** Whether stopping in the page stops the reply at the service, too. Yes by default. */
  cancelOnAbort?: boolean
}

type ReplyEvent = StreamEvent<Endpoints["GET /chatroom/{id}/message/{messageId}/stream"]["events"]>

/**
 * Lets the AI SDK's `useChat` talk to a room. The page's messages are a branch of the room: a reply has the same id in
 * both, so an edited prompt continues where it stands. Streams resume by themselves; `reconnectToStream` shows a reply
 * that is being made, also to a page that was reloaded.
 */
export function createRoomTransport(options: RoomTransportOptions): ChatTransport<UIMessage> {
  const { client, cancelOnAbort = true } = options
  const roomOf = (chatId: string) => options.chatroomId ?? chatId

  return {
    resumeStreamIsReplay: true,

    async sendMessages({ trigger, messageId, chatId, messages, abortSignal }) {
      const chatroomId = roomOf(chatId)
      if (trigger === "regenerate-message") {
        const regenerated = await findRegenerated(client, chatroomId, { messageId, messages })
        const { reply } = await client.regenerate({ chatroomId, messageId: regenerated })
        return show(client, reply, abortSignal, cancelOnAbort)
      }
      const last = messages.findLast(({ role }) => role === "user")
      if (!last) throw new TypeError("There is no message to send.")
      // Not aborted on its way: a prompt that the service has taken must be known to be cancelled.
      const { prompt } = await client.ask({ chatroomId, message: textIn(last), ...parentOf(messages, last) })
      return show(client, prompt.reply, abortSignal, cancelOnAbort)
    },

    async reconnectToStream({ chatId, abortSignal }) {
      const room = await client.call("GET /chatroom/{id}", { params: { id: roomOf(chatId) } })
      const reply = room.messages.findLast(({ role }) => role === "model")
      if (!reply || !["queued", "running"].includes(reply.status)) return null
      return show(client, reply, abortSignal, false)
    },
  }
}

/** The messages of a room as `useChat` wants them, to begin with. */
export function toUIMessages(messages: readonly Message[]): UIMessage[] {
  return messages.map(({ id, role, content, thoughts }) => ({
    id,
    role: role === "model" ? "assistant" : "user",
    parts: [
      ...(thoughts ? [{ type: "reasoning" as const, text: thoughts, state: "done" as const }] : []),
      { type: "text", text: content },
    ],
  }))
}

function textIn({ parts }: UIMessage): string {
  const text = parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("")
  if (text.trim() === "") throw new TypeError("A message without text can't be sent.")
  return text
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The reply above the message. A page that shows nothing above it starts a new branch. */
function parentOf(messages: UIMessage[], last: UIMessage): { parentId?: string | null } {
  const above = messages.slice(0, messages.indexOf(last))
  if (above.length === 0) return { parentId: null }
  const reply = above.findLast(({ role, id }) => role === "assistant" && UUID.test(id))
  return reply ? { parentId: reply.id } : {}
}

/**
 * The message to make another reply to: the one that the page names, or its last prompt. A prompt that this page has sent
 * has the page's own id; then it is the end of the branch that the room shows.
 */
async function findRegenerated(
  client: ChatClient,
  id: string,
  { messageId = "", messages }: { messageId: string | undefined; messages: UIMessage[] },
): Promise<string> {
  const named = [messageId, messages.findLast(({ role }) => role === "user")?.id ?? ""]
  const known = named.find((one) => UUID.test(one))
  if (known) return known
  const { headId } = await client.call("GET /chatroom/{id}", { params: { id } })
  if (headId === null) throw new TypeError("There is no reply to make again.")
  return headId
}

function show(
  client: ChatClient,
  { id: messageId, chatroomId }: Message,
  abortSignal: AbortSignal | undefined,
  cancelOnAbort: boolean,
): ReadableStream<UIMessageChunk> {
  const hangUp = new AbortController()
  const stop = () => {
    hangUp.abort()
    if (cancelOnAbort) cancel(client, chatroomId, messageId)
  }
  if (abortSignal?.aborted) stop()
  abortSignal?.addEventListener("abort", stop, { once: true })
  const events = client.followReply({ chatroomId, messageId }, { signal: hangUp.signal })
  const chunks = toChunks(messageId, events)
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await chunks.next()
      if (!done) return controller.enqueue(value)
      abortSignal?.removeEventListener("abort", stop)
      controller.close()
    },
    async cancel() {
      abortSignal?.removeEventListener("abort", stop)
      hangUp.abort()
      await chunks.return(undefined)
    },
  })
}

/** A hint: if it fails, the reply is completed, and nothing waits for it. */
function cancel(client: ChatClient, id: string, messageId: string): void {
  client
    .call("POST /chatroom/{id}/message/{messageId}/cancel", { params: { id, messageId } })
    .catch(() => undefined)
}

async function* toChunks(
  messageId: string,
  events: AsyncIterable<ReplyEvent>,
): AsyncGenerator<UIMessageChunk, undefined> {
  yield { type: "start", messageId }
  yield { type: "start-step" }
  const parts = createParts()
  for await (const { event, data } of events) {
    if (event === "thought") yield* parts.add("reasoning", data.text)
    else if (event === "delta") yield* parts.add("text", data.text)
    else if (event === "reset") yield* parts.reset()
    else if (event === "done") {
      yield* parts.end()
      yield* endOf(data)
    }
  }
}

/** The parts of a message: thoughts and text take turns, each time in a part of its own. */
function createParts() {
  let open: "text" | "reasoning" | null = null
  let count = 0
  const id = () => `${open}-${count}`
  function* end(): Generator<UIMessageChunk> {
    if (open) yield { type: `${open}-end`, id: id() }
    open = null
    count += 1
  }
  return {
    *add(kind: "text" | "reasoning", delta: string): Generator<UIMessageChunk> {
      if (open !== kind) {
        yield* end()
        open = kind
        yield { type: `${kind}-start`, id: id() }
      }
      yield { type: `${kind}-delta`, id: id(), delta }
    },
    end,
    /** What came before is void. */
    *reset(): Generator<UIMessageChunk> {
      yield { type: "reset-step" }
      open = null
      count += 1
    },
  }
}

function* endOf({ status, error }: Message): Generator<UIMessageChunk> {
  if (status === "failed") yield { type: "error", errorText: error?.message ?? "The reply failed." }
  else if (status === "cancelled") yield { type: "abort" }
  yield { type: "finish-step" }
  yield { type: "finish", finishReason: status === "failed" ? "error" : "stop" }
}

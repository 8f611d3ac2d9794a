import { createAttachments } from "./attachments.ts"
import { type AnyRequest, type Arguments, type Endpoint, methodOf, type Reply, toUrl } from "./endpoint.ts"
import { ApiError } from "./error.ts"
import { type FollowOptions, follow, isPassing, type StreamEvent } from "./follow.ts"
import { createSession } from "./session.ts"
import { openShared as openLink, type SharedReading, tokenOf } from "./shared.ts"
import { memoryTokens, type TokenStore, tokensOf } from "./tokens.ts"
import { createTransfer } from "./transfer.ts"
import type { Chatroom, Endpoints, Prompt, SearchResult } from "./types.ts"
import { createVersions } from "./versions.ts"
import { backoffMs, pause } from "./wait.ts"

export interface ClientOptions {
  /** Such as `http://localhost:3000`; empty for the page's own server. */
  baseUrl: string
  /** Where the tokens are kept; in memory by default. */
  tokens?: TokenStore
  /** Called when the session is over and only signing in again helps. */
  onSignedOut?: () => void
  fetch?: typeof fetch
  /** The wait before a broken stream is opened again the first time; it doubles from there. */
  firstWaitMs?: number
}

export interface Ask {
  chatroomId: string
  message: string
  /** The reply that this continues; null starts a new branch. */
  parentId?: string | null
  /** Ids of files that were uploaded before, which the model gets with the message. */
  attachments?: string[]
  /** How much the model thinks before it replies, instead of the room's level. */
  thinking?: "low" | "medium" | "high"
  /** What to do while another reply of the room is unfinished: wait for it, refuse, or stop it and be answered next. */
  onBusy?: "queue" | "reject" | "interrupt"
  /** Sending the same again with the same key is safe. A random one by default. */
  idempotencyKey?: string
  signal?: AbortSignal
}

/** One page, and the query that gets the next; null at the end. */
export interface Page<T> {
  reply: T
  next: Record<string, string> | null
  /** The answer's, such as `X-Search-Pending`. */
  headers: Headers
}

type ReplyEvents = Endpoints["GET /chatroom/{id}/message/{messageId}/stream"]["events"]
type RoomListEvents = Endpoints["GET /user/me/events"]["events"]
type RoomEvents = Endpoints["GET /chatroom/{id}/events"]["events"]

export type ChatClient = ReturnType<typeof createClient>

/** A client of the service, for browsers and for Node. Sign-in replies are kept, and renewed when they are no good any more. */
export function createClient(options: ClientOptions) {
  const { baseUrl, tokens: store = memoryTokens(), onSignedOut, firstWaitMs = 250 } = options
  const session = createSession({ baseUrl, fetch: options.fetch ?? fetch, store, onSignedOut })

  const request = (endpoint: Endpoint, given: AnyRequest) => {
    const { body, file, signal, headers = {} } = given
    const sent = file ?? (body === undefined ? undefined : JSON.stringify(body))
    const set = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)
    return session.send(toUrl(baseUrl, endpoint, given), {
      method: methodOf(endpoint),
      signal: signal ?? null,
      headers: {
        ...(sent === undefined ? {} : { "Content-Type": "application/json" }),
        ...Object.fromEntries(set),
      },
      ...(sent === undefined ? {} : { body: sent }),
    })
  }

  /** Calls an endpoint. @throws {ApiError} when the service refuses; what `fetch` throws when it can't be reached */
  async function call<E extends Endpoint>(endpoint: E, ...[given]: Arguments<E>): Promise<Reply<E>> {
    const response = await request(endpoint, (given ?? {}) as AnyRequest)
    if (!response.ok) throw await ApiError.from(response)
    const reply = await read(response)
    if (SIGN_INS.includes(endpoint)) await store.set(tokensOf(reply as Reply<"POST /auth/login">))
    if (SIGN_OUTS.includes(endpoint)) await store.set(null)
    return reply as Reply<E>
  }

  async function readPage(endpoint: Endpoint, given: AnyRequest): Promise<Page<unknown>> {
    const response = await request(endpoint, given)
    if (!response.ok) throw await ApiError.from(response)
    const next = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get("link") ?? "")?.[1]
    return {
      reply: await response.json(),
      next: next ? Object.fromEntries(new URL(next, "http://localhost").searchParams) : null,
      headers: response.headers,
    }
  }

  /** One page of what has several. @throws {ApiError} */
  function page<E extends Endpoint>(endpoint: E, ...[given]: Arguments<E>): Promise<Page<Reply<E>>> {
    return readPage(endpoint, (given ?? {}) as AnyRequest) as Promise<Page<Reply<E>>>
  }

  /** Every item of a list, page after page. */
  async function* list<E extends ListEndpoint>(
    endpoint: E,
    ...[given]: Arguments<E>
  ): AsyncGenerator<Reply<E>[number]> {
    let query = (given as AnyRequest | undefined)?.query ?? {}
    for (;;) {
      const { reply, next } = await readPage(endpoint, { ...(given as AnyRequest), query })
      yield* reply as Reply<E>[number][]
      if (!next) return
      query = next
    }
  }

  /** The events of a reply until it is done, through broken connections. */
  function followReply(
    { chatroomId, messageId }: { chatroomId: string; messageId: string },
    options: FollowOptions = {},
  ): AsyncGenerator<StreamEvent<ReplyEvents>> {
    const params = { id: chatroomId, messageId }
    return follow<ReplyEvents>({
      ...options,
      firstWaitMs,
      lastEvent: "done",
      open: (lastEventId, signal) =>
        request("GET /chatroom/{id}/message/{messageId}/stream", streamRequest(params, lastEventId, signal)),
    })
  }

  /** All that happens in a room until it is deleted, through broken connections. */
  function followRoom(
    chatroomId: string,
    options: FollowOptions = {},
  ): AsyncGenerator<StreamEvent<RoomEvents>> {
    return follow<RoomEvents>({
      ...options,
      firstWaitMs,
      lastEvent: "deleted",
      open: (lastEventId, signal) =>
        request("GET /chatroom/{id}/events", streamRequest({ id: chatroomId }, lastEventId, signal)),
    })
  }

  /**
   * What changes in the user's list of chatrooms, through broken connections. At a `reset`, which comes first, the list is
   * to be loaded: all that changes from then on follows.
   */
  function followRooms(options: FollowOptions = {}): AsyncGenerator<StreamEvent<RoomListEvents>> {
    return follow<RoomListEvents>({
      ...options,
      firstWaitMs,
      open: (lastEventId, signal) => request("GET /user/me/events", streamRequest({}, lastEventId, signal)),
    })
  }

  /**
   * Sends a prompt, again where the connection fails: the key makes that safe. `events` is its reply's stream, which
   * needs to be read only by who wants it.
   */
  async function ask(
    question: Ask,
  ): Promise<{ prompt: Prompt; events: AsyncGenerator<StreamEvent<ReplyEvents>> }> {
    const {
      chatroomId,
      message,
      parentId,
      attachments,
      thinking,
      onBusy,
      signal,
      idempotencyKey = crypto.randomUUID(),
    } = question
    const send = () =>
      call("POST /chatroom/{id}/message", {
        params: { id: chatroomId },
        headers: { "Idempotency-Key": idempotencyKey },
        body: {
          message,
          ...(parentId === undefined ? {} : { parentId }),
          ...(attachments === undefined ? {} : { attachments }),
          ...(thinking === undefined ? {} : { thinking }),
          ...(onBusy === undefined ? {} : { onBusy }),
        },
        ...(signal ? { signal } : {}),
      })
    const prompt = await retry(send, firstWaitMs, signal)
    const events = followReply({ chatroomId, messageId: prompt.reply.id }, signal ? { signal } : {})
    return { prompt, events }
  }

  /** The user's messages and rooms that match, best first, page after page. @throws {ApiError} */
  function search(
    q: string,
    { limit, signal }: { limit?: number; signal?: AbortSignal } = {},
  ): AsyncGenerator<SearchResult> {
    const query = { q, ...(limit === undefined ? {} : { limit }) }
    return list("GET /search", { query, ...(signal ? { signal } : {}) })
  }

  /** A shared conversation, by its link or token; signing in isn't needed. @throws {ApiError} 404 once the link is dead */
  function openShared(link: string, { signal }: { signal?: AbortSignal } = {}): Promise<SharedReading> {
    return openLink(request, link, signal)
  }

  /** Copies a shared conversation into a room of the user's, again where the connection fails: the key makes that safe. */
  function continueShared(
    link: string,
    { signal, idempotencyKey = crypto.randomUUID() }: { signal?: AbortSignal; idempotencyKey?: string } = {},
  ): Promise<Chatroom> {
    const copy = () =>
      call("POST /shared/{token}/continue", {
        params: { token: tokenOf(link) },
        headers: { "Idempotency-Key": idempotencyKey },
        ...(signal ? { signal } : {}),
      })
    return retry(copy, firstWaitMs, signal)
  }

  return {
    call,
    page,
    list,
    ask,
    ...createVersions({ call, followReply, retry: (work, signal) => retry(work, firstWaitMs, signal) }),
    followReply,
    followRoom,
    followRooms,
    search,
    openShared,
    continueShared,
    ...createAttachments({ request }),
    ...createTransfer({ call, request }),
    tokens: store,
  }
}

type ListEndpoint = { [E in Endpoint]: Reply<E> extends unknown[] ? E : never }[Endpoint]

const SIGN_INS: Endpoint[] = ["POST /auth/verify-otp", "POST /auth/login", "POST /auth/refresh"]
const SIGN_OUTS: Endpoint[] = ["POST /auth/logout", "DELETE /user/me"]

const TRIES = 3

/** What the service has understood and refused, also for today's limit, is refused for good. */
async function retry<T>(
  work: () => Promise<T>,
  firstWaitMs: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await work()
    } catch (error) {
      const isRefused = error instanceof ApiError && error.status < 500
      if (isRefused || !isPassing(error) || failures + 1 >= TRIES || signal?.aborted) throw error
      await pause(backoffMs(failures, firstWaitMs), signal)
    }
  }
}

async function read(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined
  return response.headers.get("content-type")?.includes("json") ? response.json() : response.text()
}

function streamRequest(
  params: Record<string, string>,
  lastEventId: string | undefined,
  signal: AbortSignal,
): AnyRequest {
  return { params, signal, headers: { Accept: "text/event-stream", "Last-Event-ID": lastEventId } }
}

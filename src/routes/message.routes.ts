import {
  cancelMessage,
  getMessage,
  getMessages,
  postMessage,
  streamMessage,
} from "../controllers/message.controller.ts"
import { Message, MessagePath, NewMessage, Prompt, replyEvents } from "../schemas/chat.ts"
import { ById, PageQuery } from "../schemas/common.ts"
import { type Endpoint, eventStream, get, post } from "./endpoint.ts"

export const messageRoutes: Endpoint[] = [
  post("/chatroom/:id/message", {
    summary: "Send a message; Gemini's reply is made by the queue",
    description:
      "202 with the message and its `reply`, which is `queued`. With `Prefer: wait=N` 201 when the reply is final within N seconds. With `Accept: text/event-stream` 200 and the reply's events. It costs one of the day's prompts; a reply that fails gives it back.",
    auth: "user",
    limit: "message",
    params: ById,
    body: NewMessage,
    requestHeaders: ["Idempotency-Key", "Prefer"],
    reply: { 200: eventStream(replyEvents), 201: Prompt, 202: Prompt },
    responseHeaders: ["Location", "Idempotency-Replayed", "Preference-Applied"],
    errors: ["idempotency_conflict", "quota_exceeded"],
    run: postMessage,
  }),
  get("/chatroom/:id/message", {
    summary: "List a chatroom's messages, oldest first",
    description: "All branches. `parentId` tells how they hang together.",
    auth: "user",
    limit: "read",
    params: ById,
    query: PageQuery,
    reply: { 200: Message.array() },
    run: getMessages,
  }),
  get("/chatroom/:id/message/:messageId", {
    summary: "Get one message",
    description:
      "For a reply: poll until `completedAt` isn't null; then `status` is `completed`, `failed` (`error` says why) or `cancelled`.",
    auth: "user",
    limit: "read",
    params: MessagePath,
    reply: { 200: Message },
    run: getMessage,
  }),
  get("/chatroom/:id/message/:messageId/stream", {
    summary: "Follow a reply as server-sent events",
    description:
      "`delta` (more text), `reset` (a new attempt: forget the text so far), `done` (the final message; the stream ends). It can be read at any time, and goes on after `Last-Event-ID`. Closing it never stops the reply.",
    auth: "user",
    limit: "read",
    params: MessagePath,
    requestHeaders: ["Last-Event-ID"],
    reply: { 200: eventStream(replyEvents) },
    run: streamMessage,
  }),
  post("/chatroom/:id/message/:messageId/cancel", {
    summary: "Stop a reply and keep what came of it",
    description:
      "The answer is the final reply. One that is final already stays as it is. The prompt stays used.",
    auth: "user",
    limit: "write",
    params: MessagePath,
    reply: { 200: Message },
    run: cancelMessage,
  }),
]

import {
  cancelMessage,
  continueMessage,
  getMessage,
  getMessages,
  patchMessage,
  postMessage,
  postRegenerate,
  putFeedback,
  removeMessage,
  streamMessage,
} from "../controllers/message.controller.ts"
import {
  Feedback,
  Message,
  MessageChange,
  MessagePath,
  NewMessage,
  Prompt,
  Regeneration,
  replyEvents,
} from "../schemas/chat.ts"
import { ById, PageQuery } from "../schemas/common.ts"
import { del, type Endpoint, eventStream, get, patch, post, put } from "./endpoint.ts"

export const messageRoutes: Endpoint[] = [
  post("/chatroom/:id/message", {
    summary: "Send a message for Gemini to answer",
    description:
      "Returns 202 with the message and its `reply`, which is `queued`. With `Prefer: wait=N`, returns 201 if the reply is final within N seconds. With `Accept: text/event-stream`, returns 200 and streams the reply. Files are uploaded before (`POST /attachment`) and named by their ids; one that isn't yours is 404. `onBusy` says what happens while another reply is unfinished; one that interrupts returns once that has stopped. Uses one prompt of the day's quota. A failed reply gives it back; of those that fail by their prompt (`blocked`, `provider_refused`, `empty`, `truncated`), as many a day as the quota has.",
    auth: "user",
    limit: "message",
    params: ById,
    body: NewMessage,
    requestHeaders: ["Idempotency-Key", "Prefer"],
    reply: { 200: eventStream(replyEvents), 201: Prompt, 202: Prompt },
    responseHeaders: ["Location", "Idempotency-Replayed", "Preference-Applied"],
    errors: ["attachment_unsupported", "room_busy", "idempotency_conflict", "quota_exceeded"],
    run: postMessage,
  }),
  get("/chatroom/:id/message", {
    summary: "List a chatroom's messages, oldest first",
    description:
      "Includes every branch. `parentId` links each message to the one before it. A page of long messages is shorter than `limit`; only a missing `next` ends the list.",
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
      "To wait for a reply, poll until `completedAt` isn't null. `status` is then `completed`, `failed` (see `error`) or `cancelled`.",
    auth: "user",
    limit: "read",
    params: MessagePath,
    reply: { 200: Message },
    run: getMessage,
  }),
  get("/chatroom/:id/message/:messageId/stream", {
    summary: "Stream a reply",
    description:
      "Server-sent events: `thought` (more of the thoughts' summaries, where a level of thinking was asked for), `delta` (more text), `reset` (a new attempt: discard text and thoughts so far) and `done` (the final message; the stream ends). Can be opened at any time and resumes after `Last-Event-ID`. Closing the stream never stops the reply.",
    auth: "user",
    limit: "read",
    params: MessagePath,
    requestHeaders: ["Last-Event-ID"],
    reply: { 200: eventStream(replyEvents) },
    run: streamMessage,
  }),
  post("/chatroom/:id/message/:messageId/cancel", {
    summary: "Stop a reply and keep its text",
    description:
      "Returns the final reply. A reply that has already ended is returned unchanged. The prompt still counts towards the quota, unless no attempt at a reply had begun.",
    auth: "user",
    limit: "write",
    params: MessagePath,
    reply: { 200: Message },
    run: cancelMessage,
  }),
  patch("/chatroom/:id/message/:messageId", {
    summary: "Change a message that waits for its reply",
    description:
      "As long as no worker has begun a reply to it; later 409 `already_started`. Then send the changed message beside it, with its `parentId`. Listeners of the chatroom get a `message` event.",
    auth: "user",
    limit: "write",
    params: MessagePath,
    body: MessageChange,
    reply: { 200: Message },
    errors: ["already_started"],
    run: patchMessage,
  }),
  del("/chatroom/:id/message/:messageId", {
    summary: "Delete a message and all that follows it",
    description:
      "On every branch. A reply in flight among it is stopped. If the chatroom shows one of the deleted messages, it shows the newest version beside it from then on or, without one, what was above. Used prompts stay used.",
    auth: "user",
    limit: "write",
    params: MessagePath,
    reply: { 204: null },
    run: removeMessage,
  }),
  put("/chatroom/:id/message/:messageId/feedback", {
    summary: "Say what you think of a reply",
    description:
      "Replaces what you said before; `null` withdraws it. A message's `feedback` shows it, and listeners of the chatroom get a `message` event. A prompt is 404. Operators see how often each model was rated, not by whom or why.",
    auth: "user",
    limit: "write",
    params: MessagePath,
    body: Feedback,
    reply: { 204: null },
    run: putFeedback,
  }),
  post("/chatroom/:id/message/:messageId/regenerate", {
    summary: "Make another reply to a prompt",
    description:
      "Of a prompt, or of the prompt of a reply. Returns 202 with the new reply, a version beside the others, which becomes the head of the chatroom; it waits for the replies that are unfinished there. `Prefer: wait=N` and `Accept: text/event-stream` work as for sending a message. Uses one prompt of the day's quota.",
    auth: "user",
    limit: "message",
    params: MessagePath,
    body: Regeneration,
    requestHeaders: ["Idempotency-Key", "Prefer"],
    reply: { 200: eventStream(replyEvents), 201: Message, 202: Message },
    responseHeaders: ["Location", "Idempotency-Replayed", "Preference-Applied"],
    errors: ["idempotency_conflict", "quota_exceeded"],
    run: postRegenerate,
  }),
  post("/chatroom/:id/message/:messageId/continue", {
    summary: "Go on with a reply that ended early",
    description:
      "Of a reply with text whose `finishReason` is `MAX_TOKENS`, that was stopped, or that failed but for what was asked. Returns 202 with the new reply, a version beside it, which begins with its text and goes on from there, and becomes the head of the chatroom. `Prefer: wait=N` and `Accept: text/event-stream` work as for sending a message. Uses one prompt of the day's quota.",
    auth: "user",
    limit: "message",
    params: MessagePath,
    body: Regeneration,
    requestHeaders: ["Idempotency-Key", "Prefer"],
    reply: { 200: eventStream(replyEvents), 201: Message, 202: Message },
    responseHeaders: ["Location", "Idempotency-Replayed", "Preference-Applied"],
    errors: ["not_continuable", "idempotency_conflict", "quota_exceeded"],
    run: continueMessage,
  }),
]

import {
  getChatrooms,
  getChatroomWithMessages,
  patchChatroom,
  postChatroom,
  postFork,
  removeChatroom,
  streamChatroom,
} from "../controllers/chatroom.controller.ts"
import {
  Chatroom,
  ChatroomChange,
  ChatroomQuery,
  ChatroomWithMessages,
  Fork,
  NewChatroom,
  RoomQuery,
  roomEvents,
} from "../schemas/chat.ts"
import { ById } from "../schemas/common.ts"
import { del, type Endpoint, eventStream, get, patch, post } from "./endpoint.ts"

export const chatroomRoutes: Endpoint[] = [
  post("/chatroom", {
    summary: "Create a chatroom",
    description:
      "All fields are optional. `model` is one of `GET /models`; a room without one, or whose model is no longer offered to you, uses the service's default. 404 for a key whose chatroom you have deleted since.",
    auth: "user",
    limit: "write",
    body: NewChatroom,
    requestHeaders: ["Idempotency-Key"],
    reply: { 201: Chatroom },
    responseHeaders: ["Location", "Idempotency-Replayed"],
    errors: ["idempotency_conflict", "not_found"],
    run: postChatroom,
  }),
  get("/chatroom", {
    summary: "List your chatrooms, pinned ones first, then by most recent activity",
    description:
      "Archived chatrooms are left out; `archived=true` lists those alone. The first page is cached and always reflects your own last write. Use `ETag` and `If-None-Match` to avoid downloading it again.",
    auth: "user",
    limit: "read",
    query: ChatroomQuery,
    requestHeaders: ["If-None-Match"],
    reply: { 200: Chatroom.array(), 304: null },
    responseHeaders: ["ETag", "X-Cache"],
    run: getChatrooms,
  }),
  get("/chatroom/:id", {
    summary: "Get a chatroom with the newest messages of its active branch",
    description:
      "`limit` and `cursor` page back to older messages. With `messageId` the page is around that message, whichever branch it is on; `headId` in PATCH makes that branch the active one.",
    auth: "user",
    limit: "read",
    params: ById,
    query: RoomQuery,
    reply: { 200: ChatroomWithMessages },
    run: getChatroomWithMessages,
  }),
  patch("/chatroom/:id", {
    summary: "Change a chatroom or switch its active branch",
    description:
      "Changes only the fields in the body. `headId` may name any message: the newest reply below it becomes the end of the branch that the chatroom shows.",
    auth: "user",
    limit: "write",
    params: ById,
    body: ChatroomChange,
    reply: { 200: Chatroom },
    run: patchChatroom,
  }),
  del("/chatroom/:id", {
    summary: "Delete a chatroom and its messages",
    description: "A reply in flight is stopped. Its prompts still count towards the quota.",
    auth: "user",
    limit: "write",
    params: ById,
    reply: { 204: null },
    run: removeChatroom,
  }),
  post("/chatroom/:id/fork", {
    summary: "Copy a branch into a new chatroom",
    description:
      "Up to a message and with the chatroom's settings. Files are shared; feedback isn't copied. Replies that aren't finished are left out: what follows one follows its prompt, and a copy that would end with one ends with its prompt. Costs nothing.",
    auth: "user",
    limit: "write",
    params: ById,
    body: Fork,
    requestHeaders: ["Idempotency-Key"],
    reply: { 201: Chatroom },
    responseHeaders: ["Location", "Idempotency-Replayed"],
    errors: ["idempotency_conflict"],
    run: postFork,
  }),
  get("/chatroom/:id/events", {
    summary: "Stream everything that happens in a chatroom",
    description:
      "Server-sent events from now on, or from `Last-Event-ID`: `chatroom` (its fields, first and whenever they change), `message` (a prompt or reply was added, a reply was cancelled before its turn, feedback was given, or a message moved behind one that interrupted), `message_deleted` (with all that followed it), `thought`, `delta`, `reset` and `done` for each reply, and `deleted` (the end). Includes what your other devices do. The number of open streams per user is limited: one more ends the oldest, with `evicted`.",
    auth: "user",
    limit: "read",
    params: ById,
    requestHeaders: ["Last-Event-ID"],
    reply: { 200: eventStream(roomEvents) },
    run: streamChatroom,
  }),
]

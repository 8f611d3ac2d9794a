import {
  getChatrooms,
  getChatroomWithMessages,
  patchChatroom,
  postChatroom,
  removeChatroom,
  streamChatroom,
} from "../controllers/chatroom.controller.ts"
import { Chatroom, ChatroomChange, ChatroomWithMessages, NewChatroom, roomEvents } from "../schemas/chat.ts"
import { ById, PageQuery } from "../schemas/common.ts"
import { del, type Endpoint, eventStream, get, patch, post } from "./endpoint.ts"

export const chatroomRoutes: Endpoint[] = [
  post("/chatroom", {
    summary: "Create a chatroom",
    description: "All fields are optional. Without a `model` the room uses the service's default.",
    auth: "user",
    limit: "write",
    body: NewChatroom,
    requestHeaders: ["Idempotency-Key"],
    reply: { 201: Chatroom },
    responseHeaders: ["Location", "Idempotency-Replayed"],
    errors: ["idempotency_conflict"],
    run: postChatroom,
  }),
  get("/chatroom", {
    summary: "List one's chatrooms, newest activity first",
    description:
      "The first page is cached and never older than the user's own last write. `ETag` and `If-None-Match` save sending it again.",
    auth: "user",
    limit: "read",
    query: PageQuery,
    requestHeaders: ["If-None-Match"],
    reply: { 200: Chatroom.array(), 304: null },
    responseHeaders: ["ETag", "X-Cache"],
    run: getChatrooms,
  }),
  get("/chatroom/:id", {
    summary: "Get a chatroom with the newest messages of its active branch",
    description: "`limit` and `cursor` page through the messages, towards the older ones.",
    auth: "user",
    limit: "read",
    params: ById,
    query: PageQuery,
    reply: { 200: ChatroomWithMessages },
    run: getChatroomWithMessages,
  }),
  patch("/chatroom/:id", {
    summary: "Change a chatroom or switch its active branch",
    description:
      "Only the fields that are sent are changed. `headId` names the reply at the end of the branch to show.",
    auth: "user",
    limit: "write",
    params: ById,
    body: ChatroomChange,
    reply: { 200: Chatroom },
    run: patchChatroom,
  }),
  del("/chatroom/:id", {
    summary: "Delete a chatroom with its messages",
    description: "A reply under way is stopped. The prompts stay used.",
    auth: "user",
    limit: "write",
    params: ById,
    reply: { 204: null },
    run: removeChatroom,
  }),
  get("/chatroom/:id/events", {
    summary: "Follow all that happens in a chatroom as server-sent events",
    description:
      "From now on, or from `Last-Event-ID`: `chatroom` (its fields, at first and when they change), `message` (a prompt or a reply was added, or a reply was cancelled before its turn), `delta`, `reset` and `done` of each reply, `deleted` (the end). It tells what any device does. A user may have a few streams open at a time.",
    auth: "user",
    limit: "read",
    params: ById,
    requestHeaders: ["Last-Event-ID"],
    reply: { 200: eventStream(roomEvents) },
    run: streamChatroom,
  }),
]

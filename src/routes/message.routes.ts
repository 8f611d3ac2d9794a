import {
  cancelMessage,
  getMessage,
  listMessages,
  postMessage,
  streamMessage,
} from "../controllers/message.controller.ts"
import { Message, MessagePath, NewMessage, Prompt } from "../schemas/chat.ts"
import { ById, PageQuery } from "../schemas/common.ts"
import { get, post, type Row } from "./row.ts"

export const messageRoutes: Row[] = [
  post("/chatroom/:id/message", {
    summary: "Send a message; Gemini's reply is made by the queue",
    auth: "user",
    limit: "message",
    params: ById,
    body: NewMessage,
    // 200 is the reply's stream, for who accepts one.
    reply: { 202: Prompt, 201: Prompt, 200: null },
    run: postMessage,
  }),
  get("/chatroom/:id/message", {
    summary: "List a chatroom's messages, oldest first",
    auth: "user",
    limit: "read",
    params: ById,
    query: PageQuery,
    reply: { 200: Message.array() },
    run: listMessages,
  }),
  get("/chatroom/:id/message/:messageId", {
    summary: "Get one message",
    auth: "user",
    limit: "read",
    params: MessagePath,
    reply: { 200: Message },
    run: getMessage,
  }),
  get("/chatroom/:id/message/:messageId/stream", {
    summary: "Follow a reply as server-sent events",
    auth: "user",
    limit: "read",
    params: MessagePath,
    reply: { 200: null },
    run: streamMessage,
  }),
  post("/chatroom/:id/message/:messageId/cancel", {
    summary: "Stop a reply and keep what came of it",
    auth: "user",
    limit: "write",
    params: MessagePath,
    reply: { 200: Message },
    run: cancelMessage,
  }),
]

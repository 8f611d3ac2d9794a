import {
  changeChatroom,
  createChatroom,
  deleteChatroom,
  followEvents,
  getChatroom,
  listChatrooms,
} from "../controllers/chatroom.controller.ts"
import { Chatroom, ChatroomChange, ChatroomWithMessages, NewChatroom } from "../schemas/chat.ts"
import { ById, PageQuery } from "../schemas/common.ts"
import { del, get, patch, post, type Row } from "./row.ts"

export const chatroomRoutes: Row[] = [
  post("/chatroom", {
    summary: "Create a chatroom",
    auth: "user",
    limit: "write",
    body: NewChatroom,
    reply: { 201: Chatroom },
    run: createChatroom,
  }),
  get("/chatroom", {
    summary: "List one's chatrooms, newest activity first",
    auth: "user",
    limit: "read",
    query: PageQuery,
    reply: { 200: Chatroom.array(), 304: null },
    run: listChatrooms,
  }),
  get("/chatroom/:id", {
    summary: "Get a chatroom with the newest messages of its active branch",
    auth: "user",
    limit: "read",
    params: ById,
    query: PageQuery,
    reply: { 200: ChatroomWithMessages },
    run: getChatroom,
  }),
  patch("/chatroom/:id", {
    summary: "Change a chatroom or switch its active branch",
    auth: "user",
    limit: "write",
    params: ById,
    body: ChatroomChange,
    reply: { 200: Chatroom },
    run: changeChatroom,
  }),
  del("/chatroom/:id", {
    summary: "Delete a chatroom with its messages",
    auth: "user",
    limit: "write",
    params: ById,
    reply: { 204: null },
    run: deleteChatroom,
  }),
  get("/chatroom/:id/events", {
    summary: "Follow all that happens in a chatroom as server-sent events",
    auth: "user",
    limit: "read",
    params: ById,
    reply: { 200: null },
    run: followEvents,
  }),
]

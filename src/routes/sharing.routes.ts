import {
  getOwnShare,
  getShared,
  postContinue,
  postShare,
  removeShare,
} from "../controllers/sharing.controller.ts"
import { Chatroom } from "../schemas/chat.ts"
import { ById, PageQuery } from "../schemas/common.ts"
import { NewShare, Share, SharedConversation, SharedPath } from "../schemas/sharing.ts"
import { del, type Endpoint, get, media, post } from "./endpoint.ts"

export const sharingRoutes: Endpoint[] = [
  post("/chatroom/:id/share", {
    summary: "Share a conversation by a link",
    description:
      "Anybody with the link can read the branch as it is now, up to its newest reply that has ended; later messages aren't in it. Prompts without a reply, replies that searched the web, thoughts, costs, the system instruction and the contents of attachments are left out. A chatroom has one link: sharing again returns 200 with the same link to another snapshot. Deleting the chatroom, or a message in the snapshot, ends the link. Readers may keep a copy of their own, which `notice` says.",
    auth: "user",
    limit: "write",
    params: ById,
    body: NewShare,
    reply: { 200: Share, 201: Share },
    errors: ["nothing_to_share"],
    run: postShare,
  }),
  get("/chatroom/:id/share", {
    summary: "Get the link of a chatroom",
    description: "404 if it isn't shared. Views are counted within a second or two.",
    auth: "user",
    limit: "read",
    params: ById,
    reply: { 200: Share },
    run: getOwnShare,
  }),
  del("/chatroom/:id/share", {
    summary: "Withdraw the link of a chatroom",
    description:
      "At once and for good: sharing again makes another link. Copies that readers made stay theirs.",
    auth: "user",
    limit: "write",
    params: ById,
    reply: { 204: null },
    run: removeShare,
  }),
  get("/shared/:token", {
    summary: "Read a shared conversation",
    description:
      "For anybody with the link, as JSON, or as the web client's page to browsers, which says so where there is nothing to read. Oldest messages first; a page of long messages is shorter than `limit`. A link that never existed, was withdrawn, or whose owner is gone is 404.",
    auth: "none",
    limit: "shared",
    params: SharedPath,
    query: PageQuery,
    reply: { 200: [SharedConversation, media("text/html")] },
    responseHeaders: ["X-Robots-Tag"],
    errorPages: ["not_found"],
    run: getShared,
  }),
  post("/shared/:token/continue", {
    summary: "Copy a shared conversation to continue it",
    description:
      "Makes a chatroom of your own with the snapshot's messages. It uses no prompt, and stays when the link is withdrawn. Attachments are named in it, without their content.",
    auth: "user",
    limit: "copy",
    params: SharedPath,
    requestHeaders: ["Idempotency-Key"],
    reply: { 201: Chatroom },
    responseHeaders: ["Location", "Idempotency-Replayed"],
    errors: ["idempotency_conflict"],
    run: postContinue,
  }),
]

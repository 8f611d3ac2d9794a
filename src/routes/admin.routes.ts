import { listReplies, retryReply } from "../controllers/admin.controller.ts"
import { FailedReply, Requeued } from "../schemas/admin.ts"
import { ById, PageQuery } from "../schemas/common.ts"
import { get, post, type Row } from "./row.ts"

export const adminRoutes: Row[] = [
  get("/admin/replies", {
    summary: "List the replies that have failed, newest first",
    auth: "admin",
    limit: "write",
    query: PageQuery,
    reply: { 200: FailedReply.array() },
    run: listReplies,
  }),
  post("/admin/replies/:id/retry", {
    summary: "Queue a failed reply once more",
    auth: "admin",
    limit: "write",
    params: ById,
    reply: { 202: Requeued },
    run: retryReply,
  }),
]

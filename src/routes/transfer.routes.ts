import { getExport } from "../controllers/transfer.controller.ts"
import { ById } from "../schemas/common.ts"
import { ExportedChatroom, ExportQuery } from "../schemas/transfer.ts"
import { type Endpoint, get, media } from "./endpoint.ts"

export const transferRoutes: Endpoint[] = [
  get("/chatroom/:id/export", {
    summary: "Export a chatroom as a file",
    description:
      "Streams one document, to be saved under the name in `Content-Disposition`. Files are named in it, without their content. What is sent after the request isn't in it.",
    auth: "user",
    limit: "write",
    params: ById,
    query: ExportQuery,
    reply: { 200: [ExportedChatroom, media("text/markdown")] },
    responseHeaders: ["Content-Disposition"],
    run: getExport,
  }),
]

import { getExport, getOwnImport, postImport } from "../controllers/transfer.controller.ts"
import { ById } from "../schemas/common.ts"
import { ExportedChatroom, ExportQuery, Import, ImportFile } from "../schemas/transfer.ts"
import { PayloadTooLarge } from "../utils/errors.ts"
import { type Endpoint, get, media, post } from "./endpoint.ts"

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
  post("/chatroom/import", {
    summary: "Import conversations from a file",
    description:
      "The file is the body, or the only file of a form (`multipart/form-data`), of 100 MB at most: chatrooms that were exported here (one, or an array), ChatGPT's `conversations.json`, or an export of Open WebUI; which one is found out by its content. They become chatrooms in the background, with their branches and times. It uses no prompt, and nothing is sent to the model. Files that messages name are named, without their content. You can have one import at a time; it can be seen for a day after its end.",
    auth: "user",
    limit: "upload",
    upload: {
      maxBytes: ({ imports }) => imports.maxBytes,
      tooLarge: (maxBytes) => new PayloadTooLarge(maxBytes),
      timeout: "importTimeoutMs",
      json: ImportFile,
    },
    reply: { 202: Import },
    responseHeaders: ["Location"],
    errors: ["invalid_request", "import_in_progress", "payload_too_large", "unsupported_media_type"],
    run: postImport,
  }),
  get("/import/:id", {
    summary: "Get what became of an import",
    description: "Its chatrooms can be used as soon as they are listed, while others are still to come.",
    auth: "user",
    limit: "read",
    params: ById,
    reply: { 200: Import },
    run: getOwnImport,
  }),
]

import { getAttachment, postAttachment, removeAttachment } from "../controllers/attachment.controller.ts"
import { Attachment } from "../schemas/attachments.ts"
import { ById } from "../schemas/common.ts"
import { AttachmentTooLarge } from "../utils/errors.ts"
import { del, type Endpoint, get, media, post } from "./endpoint.ts"

/** Set by the contract; the service counts, too. */
const MAX_BYTES = 10 * 1024 * 1024

export const attachmentRoutes: Endpoint[] = [
  post("/attachment", {
    summary: "Upload a file to name in a message",
    description:
      "The file is the body, with its name in `Content-Disposition`, or the only file of a form (`multipart/form-data`). PNG, JPEG, WebP and GIF images, PDFs and text in UTF-8 of any kind, of 10 MB at most; what it is, is found out by its content. A file that no message names within a day is deleted.",
    auth: "user",
    limit: "upload",
    upload: {
      maxBytes: () => MAX_BYTES,
      tooLarge: (maxBytes) => new AttachmentTooLarge(maxBytes),
      timeout: "uploadTimeoutMs",
    },
    requestHeaders: ["Content-Disposition"],
    reply: { 201: Attachment },
    responseHeaders: ["Location"],
    errors: [
      "invalid_request",
      "attachment_invalid",
      "attachment_too_large",
      "attachment_type_unknown",
      "storage_quota_exceeded",
    ],
    run: postAttachment,
  }),
  get("/attachment/:id", {
    summary: "Download a file",
    description:
      "The bytes as they were uploaded, to be saved under the file's name. Text of any kind comes as `text/plain`, so that nothing in it is run.",
    auth: "user",
    limit: "read",
    params: ById,
    reply: {
      200: media("image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf", "text/plain"),
    },
    responseHeaders: ["Content-Disposition"],
    run: getAttachment,
  }),
  del("/attachment/:id", {
    summary: "Delete a file that no message names",
    description: "A file that messages name is deleted with the last of them.",
    auth: "user",
    limit: "write",
    params: ById,
    reply: { 204: null },
    errors: ["attachment_in_use"],
    run: removeAttachment,
  }),
]

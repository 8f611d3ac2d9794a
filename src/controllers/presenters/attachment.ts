import type { AttachmentRecord } from "../../services/attachments/attachment-record.ts"

/** Presents a file to its owner. What isn't known of its type is left out. */
export function presentAttachment({ id, name, type, bytes, width, height, pages }: AttachmentRecord) {
  return {
    id,
    name,
    type,
    bytes,
    ...(width === null || height === null ? {} : { width, height }),
    ...(pages === null ? {} : { pages }),
  }
}

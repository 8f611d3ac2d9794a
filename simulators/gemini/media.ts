import { createHash } from "node:crypto"
import { invalid } from "./errors.ts"
import type { Content, GenerateRequest, Part } from "./request.ts"
import type { State } from "./state.ts"

/** https://ai.google.dev/gemini-api/docs/file-input-methods, as far as this service sends any. */
const TYPES =
  /^(?:image\/(?:png|jpeg|webp|heic|heif)|application\/(?:pdf|json)|text\/[\w.+-]+|audio\/[\w.+-]+|video\/[\w.+-]+)$/

/** A PDF within a request may have so many bytes. */
const MAX_PDF_BYTES = 50 * 1024 * 1024

/** What the content of a type begins with. */
const BEGINNINGS: Record<string, string> = {
  "image/png": "\x89PNG\r\n\x1a\n",
  "image/jpeg": "\xff\xd8\xff",
  "image/webp": "RIFF",
  "application/pdf": "%PDF-",
}

/** A file of a call, by what is known of it. */
export type Medium = { mimeType: string; bytes: number; sha256: string }

/** Checks the files of a request as the API does. Throws `Refused`. @returns them in their order */
export function checkMedia({ contents }: GenerateRequest, state: Pick<State, "files">): Medium[] {
  return mediaParts(contents).map((part) => {
    if (part.fileData) return state.files.use(part.fileData)
    const { mimeType, data } = part.inlineData as NonNullable<Part["inlineData"]>
    const bytes = Buffer.from(data, "base64")
    checkContent(mimeType, bytes)
    return { mimeType, bytes: bytes.length, sha256: sha256Of(bytes) }
  })
}

const mediaParts = (contents: Content[]) =>
  contents.flatMap(({ parts }) => parts.filter((part) => part.inlineData || part.fileData))

/** Throws `Refused`. `content` is the whole file or its beginning. */
export function checkContent(mimeType: string, content: Buffer) {
  if (!TYPES.test(mimeType)) throw invalid(`Unsupported MIME type: ${mimeType}`)
  if (content.length === 0) throw invalid("Unable to process input: the data is empty.")
  if (mimeType === "application/pdf" && content.length > MAX_PDF_BYTES)
    throw invalid("The document is larger than 50 MB.")
  const beginning = BEGINNINGS[mimeType]
  if (!beginning || content.subarray(0, 16).toString("latin1").startsWith(beginning)) return
  const what =
    mimeType === "application/pdf" ? "The document has no pages." : "Unable to process input image."
  throw invalid(
    `${what} Please retry or report in https://developers.generativeai.google/guide/troubleshooting`,
  )
}

export const sha256Of = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex")

/** How a reply tells what it saw. */
export function describeMedia(media: readonly Medium[]): string {
  return `Attached: ${media.map(({ mimeType, bytes }) => `${mimeType} (${bytes} bytes)`).join(", ")}.`
}

const LONG_DATA = 4_096

/** A request as it is kept in the log of calls: long data is replaced by its digest, or the log would be gigabytes. */
export function withoutLongData(request: GenerateRequest): GenerateRequest {
  const shorten = (part: Part): Part => {
    if (!part.inlineData || part.inlineData.data.length <= LONG_DATA) return part
    const data = `sha256:${sha256Of(Buffer.from(part.inlineData.data, "base64"))}`
    return { ...part, inlineData: { ...part.inlineData, data } }
  }
  return {
    ...request,
    contents: request.contents.map((content) => ({ ...content, parts: content.parts.map(shorten) })),
  }
}

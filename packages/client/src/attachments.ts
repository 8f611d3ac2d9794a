import type { AnyRequest, Endpoint } from "./endpoint.ts"
import { ApiError } from "./error.ts"
import type { Attachment } from "./types.ts"

/** What a file may be uploaded as. */
export type UploadFile = Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>

export interface UploadOptions {
  /** What the file is called. Its ending tells which kind of text it is. */
  name: string
  /** By default the `Blob`'s own. The service finds images and PDFs out by their content. */
  type?: string
  signal?: AbortSignal
}

interface Client {
  request(endpoint: Endpoint, given: AnyRequest): Promise<Response>
}

export function createAttachments({ request }: Client) {
  /**
   * Uploads a file, to be named in a message within a day. A stream is read into memory first: most browsers can't send one,
   * and a renewed token needs it again. Not repeated where the connection fails.
   * @throws {ApiError} when the service refuses; what `fetch` or the stream throws when it fails
   */
  async function upload(file: UploadFile, { name, type, signal }: UploadOptions): Promise<Attachment> {
    const body = file instanceof ReadableStream ? await readAll(file, signal) : file
    const own = file instanceof Blob ? file.type : ""
    const response = await request("POST /attachment", {
      file: body,
      headers: {
        "Content-Type": type || own || "application/octet-stream",
        "Content-Disposition": `attachment; filename*=UTF-8''${encodeName(name)}`,
      },
      ...(signal ? { signal } : {}),
    })
    if (!response.ok) throw await ApiError.from(response)
    return (await response.json()) as Attachment
  }

  return { upload }
}

function readAll(stream: ReadableStream<Uint8Array<ArrayBuffer>>, signal: AbortSignal | undefined) {
  const stoppable = stream.pipeThrough(new TransformStream(), signal ? { signal } : {})
  return new Response(stoppable).blob()
}

/** As RFC 8187 has it, which takes fewer characters as they are than a URL does. */
function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

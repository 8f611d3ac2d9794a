import type { AnyRequest, Arguments, Endpoint, Reply } from "./endpoint.ts"
import { ApiError } from "./error.ts"
import type { ExportedChatroom, Import } from "./types.ts"

export interface ExportOptions<F extends "json" | "markdown" = "json" | "markdown"> {
  format?: F
  signal?: AbortSignal
}

/** Exports a room: by default all of it, to be imported again; as Markdown the active branch, to be read. */
export interface ExportChatroom {
  (chatroomId: string, options?: ExportOptions<"json">): Promise<ExportedChatroom>
  (chatroomId: string, options: ExportOptions<"markdown">): Promise<string>
}

/** A file as it is, or what is in it. */
export type ImportFile =
  | Blob
  | string
  | Uint8Array<ArrayBuffer>
  | Record<string, unknown>
  | Record<string, unknown>[]

interface Client {
  call<E extends "GET /chatroom/{id}/export" | "GET /import/{id}">(
    endpoint: E,
    ...given: Arguments<E>
  ): Promise<Reply<E>>
  request(endpoint: Endpoint, given: AnyRequest): Promise<Response>
}

export function createTransfer({ call, request }: Client) {
  const exportChatroom = ((id: string, { format = "json", signal }: ExportOptions = {}) =>
    call("GET /chatroom/{id}/export", {
      params: { id },
      query: { format },
      ...(signal ? { signal } : {}),
    })) as ExportChatroom

  /**
   * Sends a file of conversations, which become rooms in the background: rooms that were exported, ChatGPT's
   * `conversations.json` or an export of Open WebUI. A `Blob`, such as a file that was chosen in a browser, isn't read into
   * memory. @throws {ApiError} 409 while another import hasn't ended
   */
  async function importChatrooms(
    file: ImportFile,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Import> {
    const isFile = typeof file === "string" || file instanceof Blob || file instanceof Uint8Array
    const given = isFile ? { file } : { body: file }
    const response = await request("POST /chatroom/import", { ...given, ...(signal ? { signal } : {}) })
    if (!response.ok) throw await ApiError.from(response)
    return (await response.json()) as Import
  }

  /** Tells what became of an import so far. @throws {ApiError} 404 a day after its end */
  function getImport(id: string, { signal }: { signal?: AbortSignal } = {}): Promise<Import> {
    return call("GET /import/{id}", { params: { id }, ...(signal ? { signal } : {}) })
  }

  return { exportChatroom, importChatrooms, getImport }
}

import type { Arguments, Reply } from "./endpoint.ts"
import type { ExportedChatroom } from "./types.ts"

type Export = "GET /chatroom/{id}/export"

export interface ExportOptions<F extends "json" | "markdown" = "json" | "markdown"> {
  format?: F
  signal?: AbortSignal
}

/** Exports a room: by default all of it, to be imported again; as Markdown the active branch, to be read. */
export interface ExportChatroom {
  (chatroomId: string, options?: ExportOptions<"json">): Promise<ExportedChatroom>
  (chatroomId: string, options: ExportOptions<"markdown">): Promise<string>
}

/** What of a client is needed to export and import. */
export interface Caller {
  call(endpoint: Export, ...given: Arguments<Export>): Promise<Reply<Export>>
}

export function createTransfer({ call }: Caller) {
  const exportChatroom = ((id: string, { format = "json", signal }: ExportOptions = {}) =>
    call("GET /chatroom/{id}/export", {
      params: { id },
      query: { format },
      ...(signal ? { signal } : {}),
    })) as ExportChatroom
  return { exportChatroom }
}

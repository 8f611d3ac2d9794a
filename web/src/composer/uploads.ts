import { type Signal, signal } from "@preact/signals"
import { ApiError, type Attachment, client } from "../api/client.ts"
import { t } from "../i18n/index.ts"

/** A file on its way to the service, or there. */
export interface Upload {
  key: string
  file: File
  /** For images: what the browser shows before the file has arrived. */
  preview: string | null
  /** From 0 to 1. */
  progress: Signal<number>
  attachment: Signal<Attachment | null>
  problem: Signal<string | null>
  request: XMLHttpRequest | null
}

/** The service takes as many with one message. */
const MOST_FILES = 4

/** The files of one composer. */
export function createUploads() {
  const uploads = signal<readonly Upload[]>([])
  const problem = signal<string | null>(null)

  function add(files: Iterable<File>): void {
    problem.value = null
    const room = MOST_FILES - uploads.peek().length
    const chosen = [...files]
    if (chosen.length > room) problem.value = t.composer.tooManyFiles(MOST_FILES)
    const added = chosen.slice(0, Math.max(room, 0)).map(toUpload)
    uploads.value = [...uploads.peek(), ...added]
    for (const upload of added) void start(upload)
  }

  async function start(upload: Upload): Promise<void> {
    upload.problem.value = null
    upload.progress.value = 0
    try {
      upload.attachment.value = await send(upload)
    } catch (error) {
      upload.problem.value = error instanceof ApiError ? error.message : t.common.unreachable
    }
  }

  /** A file that no message names is deleted by the service after a day, if this doesn't reach it. */
  function remove(upload: Upload): void {
    problem.value = null
    forget(upload)
    const { value: attachment } = upload.attachment
    if (attachment)
      client.call("DELETE /attachment/{id}", { params: { id: attachment.id } }).catch(() => undefined)
  }

  function forget(upload: Upload): void {
    upload.request?.abort()
    if (upload.preview) URL.revokeObjectURL(upload.preview)
    uploads.value = uploads.peek().filter(({ key }) => key !== upload.key)
  }

  return {
    uploads,
    problem,
    add,
    start,
    remove,
    /** The files are named in a message now. */
    clear: () => uploads.peek().forEach(forget),
  }
}

export type Uploads = ReturnType<typeof createUploads>

function toUpload(file: File): Upload {
  return {
    key: crypto.randomUUID(),
    file,
    preview: /^image\/(?:png|jpeg|webp|gif)$/.test(file.type) ? URL.createObjectURL(file) : null,
    progress: signal(0),
    attachment: signal<Attachment | null>(null),
    problem: signal<string | null>(null),
    request: null,
  }
}

/** Sends a file, again where the access token had expired: only this kind of request tells how far it is. */
async function send(upload: Upload): Promise<Attachment> {
  const response = await post(upload)
  if (response.ok) return response.json()
  const error = await ApiError.from(response)
  if (error.code !== "unauthenticated") throw error
  // Any call renews the token.
  await client.call("GET /user/me")
  const second = await post(upload)
  if (second.ok) return second.json()
  throw await ApiError.from(second)
}

async function post(upload: Upload): Promise<Response> {
  const tokens = await client.tokens.get()
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    upload.request = request
    request.open("POST", "/attachment")
    request.setRequestHeader("Authorization", `Bearer ${tokens?.token}`)
    request.setRequestHeader("Content-Type", upload.file.type || "application/octet-stream")
    const name = encodeURIComponent(upload.file.name).replaceAll("'", "%27")
    request.setRequestHeader("Content-Disposition", `attachment; filename*=UTF-8''${name}`)
    request.upload.onprogress = ({ loaded, total }) => {
      upload.progress.value = total === 0 ? 0 : loaded / total
    }
    request.onload = () => resolve(toResponse(request))
    request.onerror = () => reject(new TypeError("The file could not be sent."))
    request.send(upload.file)
  })
}

function toResponse(request: XMLHttpRequest): Response {
  const type = request.getResponseHeader("Content-Type") ?? ""
  return new Response(request.responseText || null, {
    status: request.status,
    headers: { "Content-Type": type },
  })
}

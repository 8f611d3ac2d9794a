import { type Signal, signal } from "@preact/signals"
import { ApiError, type Attachment, client } from "../api/client.ts"
import { sendFile } from "../api/send-file.ts"
import { t } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { noteName } from "./file-names.ts"
import { sizeOf } from "./size.ts"

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
  /** Whether sending it again may help: the service didn't refuse the file itself. */
  canRetry: Signal<boolean>
  /** Ends the sending. */
  ending: AbortController
}

/** The service takes as many with one message. */
const MOST_FILES = 4

/** And a file of this size. */
const MOST_BYTES = 10 * 1024 * 1024

/** The file is refused for what it is. */
const LASTING = [400, 413, 415]

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
    if (upload.file.size > MOST_BYTES) {
      upload.problem.value = t.composer.tooLarge(sizeOf(MOST_BYTES))
      return
    }
    upload.problem.value = null
    upload.progress.value = 0
    try {
      const attachment = await send(upload)
      noteName(attachment.id, upload.file.name)
      upload.attachment.value = attachment
    } catch (error) {
      if (upload.ending.signal.aborted) return
      upload.canRetry.value = !(error instanceof ApiError && LASTING.includes(error.status))
      upload.problem.value = wordsOf(error)
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
    upload.ending.abort()
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
    clear() {
      problem.value = null
      uploads.peek().forEach(forget)
    },
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
    canRetry: signal(false),
    ending: new AbortController(),
  }
}

function send({ file, progress, ending }: Upload): Promise<Attachment> {
  const name = encodeURIComponent(file.name).replaceAll("'", "%27")
  return sendFile<Attachment>({
    path: "/attachment",
    file,
    headers: {
      "Content-Type": file.type || "application/octet-stream",
      "Content-Disposition": `attachment; filename*=UTF-8''${name}`,
    },
    onProgress: (share) => (progress.value = share),
    signal: ending.signal,
  })
}

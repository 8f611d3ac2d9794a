import { pipeline } from "node:stream"
import { Busboy, type BusboyFileStream, type BusboyHeaders, type BusboyInstance } from "@fastify/busboy"
import { parse } from "content-disposition"
import type { Request } from "express"
import type { Config } from "../config/env.ts"
import { type AppError, InvalidRequest } from "../utils/errors.ts"

/** What a form has beside its file: boundaries and the headers of parts. */
const FORM_BYTES = 64 * 1024

/**
 * A client that gets its response while still sending mostly reports a broken connection, so this much more than a body
 * may have is read.
 */
const MOST_DRAINED_BYTES = 30 * 1024 * 1024

/** A form's other fields are read past; a client that sends more isn't filling in one of ours. */
const LIMITS = { files: 1, fields: 8, parts: 9, fieldSize: 1_024, headerPairs: 20, headerSize: 8 * 1024 }

/** A file on its way in: its name as the client writes it, and its bytes, which are read as fast as they are asked for. */
export interface OpenUpload {
  name: string | null
  chunks: AsyncIterable<Buffer>
}

/** What an upload may be, and the error of one that is more. */
export interface UploadLimit {
  maxBytes(config: Config): number
  tooLarge(maxBytes: number): AppError
}

/**
 * Begins to read an upload: the body itself, or the only file of a form.
 * @throws {AppError} `tooLarge`, where its length says so
 * @throws {InvalidRequest} for a form without a file
 */
export async function openUpload(config: Config, req: Request, limit: UploadLimit): Promise<OpenUpload> {
  const maxBytes = limit.maxBytes(config)
  const isForm = req.is("multipart/form-data") !== false && req.is("multipart/form-data") !== null
  const length = Number(req.headers["content-length"] ?? 0)
  if (length > maxBytes + (isForm ? FORM_BYTES : 0)) {
    await drain(req, maxBytes)
    throw limit.tooLarge(maxBytes)
  }
  const upload = isForm ? await openForm(req) : { name: nameOf(req), chunks: readRaw(req) }
  return { name: upload.name, chunks: drainedOnError(req, upload.chunks, maxBytes) }
}

/** Reads the rest of a body whose reader has given up, or failed, so that the client gets to read the response. */
async function* drainedOnError(
  req: Request,
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  try {
    yield* chunks
  } finally {
    if (!req.complete) await drain(req, maxBytes)
  }
}

async function drain(req: Request, maxBytes: number): Promise<void> {
  req.unpipe()
  let left = maxBytes + MOST_DRAINED_BYTES
  if (Number(req.headers["content-length"] ?? 0) > left) return
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      left -= chunk.length
      if (left < 0) return
    }
  } catch {
    // Nobody waits for a response any more.
  }
}

/** RFC 6266; also its `filename*`. */
function nameOf(req: Request): string | null {
  try {
    return parse(req.get("content-disposition") ?? "").parameters.filename ?? null
  } catch {
    return null
  }
}

async function* readRaw(req: Request): AsyncGenerator<Buffer> {
  try {
    yield* req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
  } catch {
    throw new InvalidRequest([{ path: "body", message: "The body is incomplete." }])
  }
}

/** Resolves with the file as soon as its part begins. */
async function openForm(req: Request): Promise<OpenUpload> {
  const form = createForm(req)
  const ended = new Promise<void>((resolve, reject) => {
    const refuse = (message: string) => reject(new InvalidRequest([{ path: "body", message }]))
    for (const limit of ["filesLimit", "fieldsLimit", "partsLimit"] as const)
      form.on(limit, () => refuse("Send one file, and nothing else."))
    form.on("finish", () => resolve())
    form.on("error", () => refuse("The form is broken or incomplete."))
    pipeline(req, form, (error) => error && refuse("The form is incomplete."))
  })
  // Whoever reads the file hears of it, if anybody does.
  ended.catch(() => undefined)
  const found = new Promise<{ file: BusboyFileStream; name: string | null }>((resolve) => {
    form.once("file", (_field, file, name) => {
      // Its reader may wait for the form's end alone, and gets the form's error.
      file.on("error", () => undefined)
      resolve({ file, name: name || null })
    })
  })
  const first = await Promise.race([found, ended])
  if (!first) throw new InvalidRequest([{ path: "body", message: "The form has no file." }])
  return { name: first.name, chunks: readPart(first.file, ended) }
}

/** @throws {InvalidRequest} */
function createForm(req: Request): BusboyInstance {
  try {
    return new Busboy({ headers: req.headers as BusboyHeaders, limits: LIMITS })
  } catch {
    throw new InvalidRequest([{ path: "body", message: "The form has no boundary." }])
  }
}

async function* readPart(file: BusboyFileStream, ended: Promise<void>): AsyncGenerator<Buffer> {
  const failed = ended.then(() => undefined)
  failed.catch((error: Error) => file.destroy(error))
  yield* file.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
  await failed
}

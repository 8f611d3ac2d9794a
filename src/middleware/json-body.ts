import { isUtf8 } from "node:buffer"
import express, { type Request, type Response } from "express"
import { AppError, InvalidRequest, PayloadTooLarge, UnsupportedMediaType } from "../utils/errors.ts"

/** A prompt of 32,000 characters outside the BMP, each escaped as 12 bytes, takes 384,000 bytes. */
export const MAX_BODY_BYTES = 512 * 1024

const parse = express.json({
  limit: MAX_BODY_BYTES,
  type: "application/json",
  // Not only objects and arrays: some endpoints take null.
  strict: false,
  verify: checkEncoding,
})

/** JSON must be UTF-8 (RFC 8259 section 8.1); other bytes would silently become U+FFFD. */
function checkEncoding(_req: unknown, _res: unknown, body: Buffer, charset: string): void {
  if (charset !== "utf-8") throw new UnsupportedMediaType()
  checkUtf8(body)
}

function checkUtf8(body: Buffer): void {
  if (!isUtf8(body)) throw new InvalidRequest([{ path: "body", message: "The body isn't valid UTF-8." }])
}

const invalidJson = () => new InvalidRequest([{ path: "body", message: "The body isn't valid JSON." }])

/**
 * Reads the JSON body into `req.body`, which stays undefined where an optional body is left out.
 * @throws {UnsupportedMediaType | PayloadTooLarge | InvalidRequest}
 */
export async function readJsonBody(
  req: Request,
  res: Response,
  { isOptional = false }: { isOptional?: boolean } = {},
): Promise<void> {
  if (!hasBody(req) && isOptional) return
  if (!hasBody(req)) throw new InvalidRequest([{ path: "body", message: "Send a JSON body." }])
  if (isPlain(req)) req.body = parsePlain(await readPlain(req))
  else await readOther(req, res)
}

const PLAIN_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i

/** What nearly every client sends: UTF-8 of a length that is known and allowed. The usual parser costs several times more. */
function isPlain({ headers }: Request): boolean {
  const { "content-type": type = "", "content-length": length, "content-encoding": encoding } = headers
  return (
    PLAIN_TYPE.test(type) &&
    encoding === undefined &&
    length !== undefined &&
    Number(length) <= MAX_BODY_BYTES &&
    headers["transfer-encoding"] === undefined
  )
}

/** @throws {InvalidRequest} for a body that breaks off */
function readPlain(req: Request): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const end = () => {
      if (req.complete) resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))
      else reject(new InvalidRequest([{ path: "body", message: "The body is incomplete." }]))
    }
    if (req.destroyed) return end()
    req.on("data", (chunk: Buffer) => chunks.push(chunk))
    req.once("end", end)
    req.once("error", end)
  })
}

const BYTE_ORDER_MARK = Buffer.from("\ufeff")

/** @throws {InvalidRequest} */
function parsePlain(body: Buffer): unknown {
  checkUtf8(body)
  const isMarked = body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
  try {
    return JSON.parse(body.toString("utf8", isMarked ? BYTE_ORDER_MARK.length : 0))
  } catch {
    throw invalidJson()
  }
}

/** Reads a body in another encoding, of another length or none. */
async function readOther(req: Request, res: Response): Promise<void> {
  if (!req.is("application/json")) throw new UnsupportedMediaType()
  await new Promise<void>((resolve, reject) => {
    rejectEndless(req, reject)
    parse(req, res, (error?: unknown) => (error ? reject(translate(error)) : resolve()))
  })
}

/**
 * How much of a body that is too large is read. A client that gets its response while still sending mostly reports a
 * broken connection.
 */
const MAX_READ_BYTES = 8 * MAX_BODY_BYTES

/** The parser rejects a large body only once it has ended, which an endless body never does. */
function rejectEndless(req: Request, reject: (error: PayloadTooLarge) => void): void {
  const contentLength = req.headers["content-length"]
  if (contentLength !== undefined && Number(contentLength) <= MAX_READ_BYTES) return
  let bytes = Number(contentLength ?? 0)
  const count = (chunk?: Buffer) => {
    bytes += chunk?.length ?? 0
    if (bytes <= MAX_READ_BYTES) return
    req.off("data", count)
    reject(new PayloadTooLarge(MAX_BODY_BYTES))
  }
  req.on("data", count)
  count()
}

function hasBody(req: Request): boolean {
  return req.headers["transfer-encoding"] !== undefined || Number(req.headers["content-length"] ?? 0) > 0
}

/** Translates errors of body-parser, which tells them apart by `type`. */
function translate(error: unknown): unknown {
  if (error instanceof AppError) return error
  const { type, status } = error as { type?: string; status?: number }
  switch (type) {
    case "entity.too.large":
      return new PayloadTooLarge(MAX_BODY_BYTES)
    case "encoding.unsupported":
    case "charset.unsupported":
      return new UnsupportedMediaType()
    case "entity.parse.failed":
      return invalidJson()
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new AppError("invalid_request", "The body couldn't be read.", { status })
  }
  return error
}

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
  if (!isUtf8(body)) throw new InvalidRequest([{ path: "body", message: "The body isn't valid UTF-8." }])
}

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
      return new InvalidRequest([{ path: "body", message: "The body isn't valid JSON." }])
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new AppError("invalid_request", "The body couldn't be read.", { status })
  }
  return error
}

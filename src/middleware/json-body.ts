import { isUtf8 } from "node:buffer"
import express, { type Request, type Response } from "express"
import { AppError, InvalidRequest, PayloadTooLarge, UnsupportedMediaType } from "../utils/errors.ts"

/** 32,000 characters outside the BMP, each escaped as 12 bytes, are 384,000 bytes; this leaves room for the rest. */
export const MAX_BODY_BYTES = 512 * 1024

const parse = express.json({
  limit: MAX_BODY_BYTES,
  type: "application/json",
  strict: true,
  verify: checkEncoding,
})

/** JSON is UTF-8 (RFC 8259 section 8.1); other bytes would be taken for U+FFFD and not come back. */
function checkEncoding(_req: unknown, _res: unknown, body: Buffer, charset: string): void {
  if (charset !== "utf-8") throw new UnsupportedMediaType()
  if (!isUtf8(body)) throw new InvalidRequest([{ path: "body", message: "The body is not UTF-8." }])
}

/**
 * Reads the JSON body into `req.body`.
 * @throws {UnsupportedMediaType | PayloadTooLarge | InvalidRequest}
 */
export async function readJsonBody(req: Request, res: Response): Promise<void> {
  if (!hasBody(req)) throw new InvalidRequest([{ path: "body", message: "A JSON body is needed." }])
  if (!req.is("application/json")) throw new UnsupportedMediaType()
  await new Promise<void>((resolve, reject) => {
    refuseEndless(req, reject)
    parse(req, res, (error?: unknown) => (error ? reject(translate(error)) : resolve()))
  })
}

/** What is read of a body that is too large: who hears of it while still sending mostly sees a broken connection. */
const MAX_READ_BYTES = 8 * MAX_BODY_BYTES

/** The parser refuses a body that is too large when it has come to its end, which of an endless one is never. */
function refuseEndless(req: Request, refuse: (error: PayloadTooLarge) => void): void {
  const announced = req.headers["content-length"]
  if (announced !== undefined && Number(announced) <= MAX_READ_BYTES) return
  let bytes = Number(announced ?? 0)
  const count = (chunk?: Buffer) => {
    bytes += chunk?.length ?? 0
    if (bytes <= MAX_READ_BYTES) return
    req.off("data", count)
    refuse(new PayloadTooLarge(MAX_BODY_BYTES))
  }
  req.on("data", count)
  count()
}

function hasBody(req: Request): boolean {
  return req.headers["transfer-encoding"] !== undefined || Number(req.headers["content-length"] ?? 0) > 0
}

/** body-parser names what went wrong in `type`. */
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
      return new InvalidRequest([{ path: "body", message: "The body is not JSON." }])
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new AppError("invalid_request", "The body can't be read.", { status })
  }
  return error
}

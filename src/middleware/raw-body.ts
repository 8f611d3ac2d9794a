import type { Request } from "express"
import { InvalidRequest } from "../utils/errors.ts"

/**
 * Reads the body as raw bytes, for checking a signature.
 * @throws {InvalidRequest} for more than `maxBytes` and for an incomplete body
 */
export async function readRawBody(req: Request, maxBytes: number): Promise<Buffer> {
  const tooLong = () =>
    new InvalidRequest([{ path: "body", message: `The body is larger than ${maxBytes} bytes.` }])
  if (Number(req.headers["content-length"] ?? 0) > maxBytes) throw tooLong()
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length
      if (bytes > maxBytes) break
      chunks.push(chunk)
    }
  } catch {
    throw new InvalidRequest([{ path: "body", message: "The body is incomplete." }])
  }
  if (bytes > maxBytes) throw tooLong()
  return Buffer.concat(chunks)
}

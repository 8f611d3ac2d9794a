import type { Request } from "express"
import { InvalidRequest } from "../utils/errors.ts"

/**
 * Reads the body as the bytes that came, for what is signed byte by byte.
 * @throws {InvalidRequest} for more than `maxBytes`, and for a body that breaks off
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
    throw new InvalidRequest([{ path: "body", message: "The body breaks off." }])
  }
  if (bytes > maxBytes) throw tooLong()
  return Buffer.concat(chunks)
}

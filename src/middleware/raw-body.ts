import type { Request } from "express"
import { InvalidRequest, PayloadTooLarge } from "../utils/errors.ts"

/**
 * Reads the body as raw bytes, for checking a signature.
 * @throws {PayloadTooLarge} for more than `maxBytes`
 * @throws {InvalidRequest} for an incomplete body
 */
export async function readRawBody(req: Request, maxBytes: number): Promise<Buffer> {
  if (Number(req.headers["content-length"] ?? 0) > maxBytes) throw new PayloadTooLarge(maxBytes)
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
  if (bytes > maxBytes) throw new PayloadTooLarge(maxBytes)
  return Buffer.concat(chunks)
}

import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { Request, Response } from "express"
import type { HttpResponse, Principal } from "../controllers/http.ts"
import type { Context } from "../services/context.ts"
import { sendEvents } from "./send-events.ts"

/** Writes what a controller answered. */
export async function sendResponse(
  ctx: Context,
  req: Request,
  res: Response,
  reply: HttpResponse,
  user?: Principal,
): Promise<void> {
  res.statusCode = reply.status
  for (const name in reply.headers) res.setHeader(name, reply.headers[name] as string)
  if ("stream" in reply) return sendEvents(ctx, req, res, reply.stream, user)
  if ("empty" in reply) return void res.end()
  if ("chunks" in reply) return sendChunks(ctx, res, reply.chunks, reply.type)
  res.setHeader("Content-Type", "type" in reply ? reply.type : "application/json; charset=utf-8")
  if (!res.hasHeader("Cache-Control")) res.setHeader("Cache-Control", "no-store")
  const content = contentOf(reply)
  if (content.length > LONG) dropSlowReader(ctx, res)
  res.end(content)
}

function contentOf(reply: { text: string } | { bytes: Uint8Array } | { body: unknown }): string | Uint8Array {
  if ("text" in reply) return reply.text
  return "bytes" in reply ? reply.bytes : JSON.stringify(reply.body)
}

/** Less than this lies in the kernel's buffers, whoever reads it. */
const LONG = 64 * 1024

/** Cuts off a reader that takes nothing, or it could have us keep what it asked for, again and again. */
function dropSlowReader(ctx: Context, res: Response): void {
  res.setTimeout(ctx.timing.http.slowReaderMs, () => res.destroy())
}

/** Writes a body piece by piece, as fast as the client takes it. A failure on the way breaks the body off. */
async function sendChunks(ctx: Context, res: Response, chunks: AsyncIterable<string>, type: string) {
  res.setHeader("Content-Type", type)
  res.setHeader("Cache-Control", "no-store")
  dropSlowReader(ctx, res)
  try {
    await pipeline(Readable.from(chunks), res)
  } catch (error) {
    const clientLeft = (error as { code?: unknown }).code === "ERR_STREAM_PREMATURE_CLOSE"
    if (!clientLeft) throw error
  }
}

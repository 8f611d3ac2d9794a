import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { Request, Response } from "express"
import type { Caller, Reply } from "../controllers/endpoint.ts"
import type { Context } from "../services/context.ts"
import { sendEvents } from "./send-events.ts"

/** Writes what a controller answered. */
export async function sendReply(
  ctx: Context,
  req: Request,
  res: Response,
  reply: Reply,
  user?: Caller,
): Promise<void> {
  res.statusCode = reply.status
  for (const name in reply.headers) res.setHeader(name, reply.headers[name] as string)
  if ("events" in reply) return sendEvents(ctx, req, res, reply.events, user)
  if ("empty" in reply) return void res.end()
  if ("chunks" in reply) return sendChunks(res, reply.chunks, reply.type)
  const text = "text" in reply ? reply.text : JSON.stringify(reply.body)
  res.setHeader("Content-Type", "text" in reply ? reply.type : "application/json; charset=utf-8")
  if (!res.hasHeader("Cache-Control")) res.setHeader("Cache-Control", "no-store")
  res.end(text)
}

/** Writes a body piece by piece, as fast as the client takes it. A failure on the way breaks the body off. */
async function sendChunks(res: Response, chunks: AsyncIterable<string>, type: string): Promise<void> {
  res.setHeader("Content-Type", type)
  res.setHeader("Cache-Control", "no-store")
  try {
    await pipeline(Readable.from(chunks), res)
  } catch (error) {
    const clientLeft = (error as { code?: unknown }).code === "ERR_STREAM_PREMATURE_CLOSE"
    if (!clientLeft) throw error
  }
}

import type { Request, Response } from "express"
import type { HttpResponse, Principal } from "../controllers/http.ts"
import type { Context } from "../services/context.ts"
import { LONG_BYTES, writeBody } from "./send-body.ts"
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
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    if (value === null) res.removeHeader(name)
    else res.setHeader(name, value)
  }
  if ("stream" in reply) return sendEvents(ctx, req, res, reply.stream, user)
  if ("empty" in reply) return void res.end()
  res.setHeader("Content-Type", "type" in reply ? reply.type : "application/json; charset=utf-8")
  if (!res.hasHeader("Cache-Control")) res.setHeader("Cache-Control", "no-store")
  if ("chunks" in reply) return req.method === "HEAD" ? void res.end() : sendChunks(ctx, res, reply.chunks)
  if ("file" in reply) {
    res.setHeader("Content-Length", reply.length)
    return req.method === "HEAD" ? void res.end() : sendChunks(ctx, res, reply.file)
  }
  const isShared = "bytes" in reply && !reply.isOwn
  const body = "bytes" in reply ? reply.bytes : "text" in reply ? reply.text : JSON.stringify(reply.body)
  if (body.length <= LONG_BYTES) return void res.end(body)
  await sendLong(ctx, req, res, typeof body === "string" ? Buffer.from(body) : body, { isShared })
}

async function sendLong(
  ctx: Context,
  req: Request,
  res: Response,
  bytes: Uint8Array,
  kind: { isShared: boolean },
): Promise<void> {
  res.setHeader("Content-Length", bytes.length)
  if (req.method !== "HEAD") await writeBody(ctx, res, bytes, kind)
  res.end()
}

/** Writes a body piece by piece, as fast as the client takes it. A failure on the way breaks the body off. */
async function sendChunks(
  ctx: Context,
  res: Response,
  chunks: AsyncIterable<string | Uint8Array>,
): Promise<void> {
  for await (const chunk of chunks) {
    if (res.destroyed) return
    await writeBody(ctx, res, chunk)
  }
  res.end()
}

import type { Request, Response } from "express"
import type { Caller, Reply } from "../controllers/endpoint.ts"
import type { Context } from "../services/context.ts"
import { sendEvents } from "./send-events.ts"

/** Writes what a controller answered. */
export async function sendReply(ctx: Context, req: Request, res: Response, reply: Reply, user?: Caller): Promise<void> {
  res.statusCode = reply.status
  for (const name in reply.headers) res.setHeader(name, reply.headers[name] as string)
  if ("events" in reply) return sendEvents(ctx, req, res, reply.events, user)
  if ("empty" in reply) return void res.end()
  const text = "text" in reply ? reply.text : JSON.stringify(reply.body)
  res.setHeader("Content-Type", "text" in reply ? reply.type : "application/json; charset=utf-8")
  if (!res.hasHeader("Cache-Control")) res.setHeader("Cache-Control", "no-store")
  res.end(text)
}

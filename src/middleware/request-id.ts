import { randomUUID } from "node:crypto"
import type { RequestHandler } from "express"

/** Accepts client ids that are short and harmless in a log line and a header. */
const ACCEPTABLE = /^[\w.:-]{1,128}$/

/** Uses the client's `X-Request-Id` or makes one. Responses, log lines and errors carry it. */
export function requestId(): RequestHandler {
  return function requestId(req, res, next) {
    const given = req.get("x-request-id")
    req.requestId = given && ACCEPTABLE.test(given) ? given : randomUUID()
    res.setHeader("X-Request-Id", req.requestId)
    next()
  }
}

declare global {
  namespace Express {
    interface Request {
      requestId: string
    }
  }
}

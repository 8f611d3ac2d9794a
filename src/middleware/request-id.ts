import { randomUUID } from "node:crypto"
import type { RequestHandler } from "express"

/** What is taken over from a principal: short and harmless in a log line and a header. */
const ACCEPTABLE = /^[\w.:-]{1,128}$/

/** Takes over the caller's `X-Request-Id` or makes one; it is returned and stands in every log line and error. */
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

import type { RequestHandler } from "express"
import type { Logger } from "../config/logger.ts"

/** One line per request when it has ended: the route's pattern and no query, since ids and text are in those. */
export function requestLog(log: Logger): RequestHandler {
  return function requestLog(req, res, next) {
    const startedAt = performance.now()
    res.once("close", () => {
      const fields = {
        requestId: req.requestId,
        method: req.method,
        route: (req.route as { path?: string } | undefined)?.path ?? "unmatched",
        status: res.statusCode,
        ms: Math.round((performance.now() - startedAt) * 10) / 10,
        ...(res.writableFinished ? {} : { aborted: true }),
      }
      if (res.statusCode >= 500) log.error(fields, "request failed")
      else log.info(fields, "request completed")
    })
    next()
  }
}

import type { Request, RequestHandler } from "express"
import type { Logger } from "../config/logger.ts"
import type { Metrics } from "../services/platform/metrics.ts"
import { SECOND } from "../utils/time.ts"

/**
 * One line per request when it has ended, and its metrics: the route's pattern and no query, since ids and text are
 * in those.
 */
export function requestLog(log: Logger, metrics: Metrics): RequestHandler {
  return function requestLog(req, res, next) {
    const startedAt = performance.now()
    res.once("close", () => {
      const route = routeOf(req)
      const method = methodOf(req)
      const ms = performance.now() - startedAt
      metrics.requests.inc({ method, route, status: `${Math.floor(res.statusCode / 100)}xx` })
      // A stream lasts as long as its reader likes.
      if (!String(res.getHeader("content-type")).startsWith("text/event-stream"))
        metrics.requestSeconds.observe({ method, route }, ms / SECOND)
      // What is undefined isn't written.
      const fields = {
        requestId: req.requestId,
        traceId: req.traceId,
        method,
        route,
        status: res.statusCode,
        ms: Math.round(ms * 10) / 10,
        aborted: res.writableFinished ? undefined : true,
      }
      if (res.statusCode >= 500) log.error(fields, "request failed")
      else log.info(fields, "request completed")
    })
    next()
  }
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])

/** One of the usual methods; a client may send any of Node's thirty. */
function methodOf({ method }: Request): string {
  return METHODS.has(method) ? method : "other"
}

/**
 * A router of its own, mounted under a fixed path, counts as one route. `baseUrl` is as the client has written it,
 * which may be in large letters.
 */
export function routeOf(req: Request): string {
  return req.baseUrl.toLowerCase() || ((req.route as { path?: string } | undefined)?.path ?? "unmatched")
}

import type { Request, RequestHandler } from "express"
import type { Logger } from "../config/logger.ts"
import type { Metrics } from "../services/platform/metrics.ts"
import { SECOND } from "../utils/time.ts"

/**
 * Logs each request when it has ended, and records its metrics. Both use the route's pattern without the query, because
 * paths and queries contain ids and user text.
 */
export function requestLog(log: Logger, metrics: Metrics): RequestHandler {
  return function requestLog(req, res, next) {
    const startedAt = performance.now()
    res.once("close", () => {
      const route = routeOf(req)
      const method = methodOf(req)
      const ms = performance.now() - startedAt
      metrics.requests.inc({ method, route, status: `${Math.floor(res.statusCode / 100)}xx` })
      // A stream lasts as long as its client wants.
      if (!String(res.getHeader("content-type")).startsWith("text/event-stream"))
        metrics.requestSeconds.observe({ method, route }, ms / SECOND)
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

/** Bounds the label's values: Node accepts some thirty methods. */
function methodOf({ method }: Request): string {
  return METHODS.has(method) ? method : "other"
}

/**
 * Returns the route's pattern. A router that is mounted under a fixed path counts as one route. `baseUrl` has the
 * client's spelling, which may be in upper case.
 */
export function routeOf(req: Request): string {
  return req.baseUrl.toLowerCase() || ((req.route as { path?: string } | undefined)?.path ?? "unmatched")
}

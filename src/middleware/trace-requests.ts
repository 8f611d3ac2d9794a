import { once } from "node:events"
import type { RequestHandler } from "express"
import type { Context } from "../services/context.ts"
import { routeOf } from "./request-log.ts"

/** Records a span for each request, until its response has been sent. */
export function traceRequests({ tracing, config }: Context): RequestHandler {
  return function traceRequests(req, res, next) {
    const parent = config.tracing.takesParents ? req.get("traceparent") : undefined
    const attributes = { "http.request.method": req.method }
    const traced = tracing.span(req.method, { kind: "server", parent, attributes }, async (span) => {
      req.traceId = span.traceId ?? undefined
      const closed = once(res, "close")
      next()
      await closed
      // Uses the route's pattern, because paths contain ids and queries contain search terms.
      const route = routeOf(req)
      span.rename(`${req.method} ${route}`)
      span.set({ "http.route": route, "http.response.status_code": res.statusCode })
      if (res.statusCode >= 500) span.fail(String(res.statusCode))
    })
    void traced.catch(() => undefined)
  }
}

declare global {
  namespace Express {
    interface Request {
      /** Set if the request is traced. */
      traceId?: string
    }
  }
}

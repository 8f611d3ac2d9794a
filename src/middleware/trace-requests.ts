import { once } from "node:events"
import type { RequestHandler } from "express"
import type { Context } from "../services/context.ts"
import { routeOf } from "./request-log.ts"

/** A span for each request, until its answer is through. Not for event streams' sake: they are as long as they are. */
export function traceRequests({ tracing, config }: Context): RequestHandler {
  return function traceRequests(req, res, next) {
    const parent = config.tracing.takesParents ? req.get("traceparent") : undefined
    const attributes = { "http.request.method": req.method }
    const traced = tracing.span(req.method, { kind: "server", parent, attributes }, async (span) => {
      req.traceId = span.traceId ?? undefined
      const closed = once(res, "close")
      next()
      await closed
      // The pattern: a path has ids in it, and a query what was searched for.
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
      /** Set where requests are traced. */
      traceId?: string
    }
  }
}

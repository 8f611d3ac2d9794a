import express, { type Express } from "express"
import { checkHost } from "../middleware/check-host.ts"
import { problems, unknownPath } from "../middleware/errors.ts"
import { inOrder } from "../middleware/in-order.ts"
import { requestId } from "../middleware/request-id.ts"
import { requestLog } from "../middleware/request-log.ts"
import { crossOrigin, securityHeaders } from "../middleware/security-headers.ts"
import { traceRequests } from "../middleware/trace-requests.ts"
import type { Endpoint } from "../routes/endpoint.ts"
import { rows as allRows } from "../routes/index.ts"
import { lostPage } from "../routes/lost-page.ts"
import { mount } from "../routes/mount.ts"
import { mountQueueBoard } from "../routes/queue-board.ts"
import type { Context } from "../services/context.ts"

/** Builds the HTTP application: middleware for every request, then the declared endpoints, then error handling. */
export function createApp(ctx: Context, rows: readonly Endpoint[] = allRows): Express {
  const app = express()
  app.disable("x-powered-by")
  app.set("etag", false)
  app.set("trust proxy", ctx.config.http.trustProxy)
  if (ctx.tracing.enabled) app.use(traceRequests(ctx))
  app.use(
    inOrder([
      requestId(),
      requestLog(ctx.log, ctx.metrics),
      securityHeaders(),
      ...crossOrigin(ctx.config.http.corsOrigins),
      checkHost(),
    ]),
  )
  mount(app, ctx, rows)
  if (rows === allRows) mountQueueBoard(app, ctx)
  app.use("/app", lostPage())
  app.use(unknownPath(), problems(ctx.log))
  return app
}

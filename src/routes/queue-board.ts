import { once } from "node:events"
import type { Express, Request, RequestHandler } from "express"
import { authenticateAdmin } from "../middleware/authenticate-admin.ts"
import { limit } from "../middleware/limit.ts"
import { type Action, audited } from "../services/admin/audit.ts"
import type { Context } from "../services/context.ts"
import { limitAddress } from "../utils/address.ts"
import { Unauthenticated } from "../utils/errors.ts"
import { loadOnce } from "../utils/load-once.ts"

export const QUEUE_BOARD_PATH = "/admin/queues"

/**
 * Serves Bull Board on both queues, for operators. Its router isn't declared as endpoints, but access, rate limit and
 * audit log are the same. Jobs contain only ids and are hints: the sweeps enqueue again what is deleted here.
 */
export function mountQueueBoard(app: Express, ctx: Context): void {
  // Few processes ever show the board, and it takes 20 MB: nothing is loaded or connected before the first visit.
  const board = loadOnce(async () =>
    (await import("./open-queue-board.ts")).openQueueBoard(ctx, QUEUE_BOARD_PATH),
  )
  app.use(QUEUE_BOARD_PATH, guard(ctx), async (req, res, next) => (await board())(req, res, next))
}

/** Its scripts are its own files; styles also stand in its page, and its paths are relative to a base. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'self'",
].join("; ")

function guard(ctx: Context): RequestHandler {
  return async function guardQueueBoard(req, res, next) {
    res.setHeader("Content-Security-Policy", POLICY)
    res.setHeader("Cache-Control", "no-store")
    try {
      await limit(ctx, res, "read", limitAddress(req.ip))
      const { actor } = await authenticateAdmin(ctx, req)
      if (req.method === "GET") return next()
      const action = describeAction(req, actor)
      // Entered first; the board answers by itself, so the outcome is what it has answered.
      const answer = async () => {
        const closed = once(res, "close")
        next()
        await closed
        return res.statusCode
      }
      await audited(ctx, action, answer, (status) => (status < 400 ? "ok" : `${status}`))
    } catch (error) {
      if (error instanceof Unauthenticated && req.accepts(["json", "html"]) === "html")
        return res.redirect(303, `/admin/sign-in?to=${QUEUE_BOARD_PATH}`)
      throw error
    }
  }
}

function describeAction(req: Request, actor: string): Action {
  // "/api/queues/<queue>/<job>/retry/failed": verbs and ids, nothing that people wrote.
  const targetId = req.path.replace(/^\/api\/queues\//, "").slice(0, 300)
  const address = limitAddress(req.ip)
  return { actor, action: `queue_${req.method.toLowerCase()}`, targetId, requestId: req.requestId, address }
}

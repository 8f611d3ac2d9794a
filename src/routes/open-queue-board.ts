import { createBullBoard } from "@bull-board/api"
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter"
import type { AppViewRoute } from "@bull-board/api/typings/app"
import { ExpressAdapter } from "@bull-board/express"
import type { Express, RequestHandler } from "express"
import type { Context } from "../services/context.ts"

/** Bull Board on both queues, at `path`. */
export function openQueueBoard(ctx: Context, path: string): RequestHandler {
  const serverAdapter = new LocalAdapter()
  serverAdapter.setBasePath(path)
  createBullBoard({
    queues: ctx.inspectQueues().map((queue) => new BullMQAdapter(queue)),
    serverAdapter,
    options: { uiConfig: { boardTitle: "Queues", miscLinks: [{ text: "Admin", url: "/admin" }] } },
  })
  const router = serverAdapter.getRouter() as Express
  router.disable("x-powered-by")
  return router
}

/** The page asks Google for fonts. They are left out: the policy below refuses them, and Google needn't know. */
class LocalAdapter extends ExpressAdapter {
  override setEntryRoute({ method, route, handler }: AppViewRoute): this {
    this.app[method](route, (_req, res, next) => {
      const { name, params } = handler({ basePath: this.basePath, uiConfig: this.uiConfig })
      res.render(name, params, (error, html) => {
        if (error) next(error)
        else res.send(html.replace(FOREIGN_LINKS, ""))
      })
    })
    return this
  }
}

const FOREIGN_LINKS = /<link href="https:[^">]*"[^>]*>/g

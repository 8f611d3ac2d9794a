import type { RequestHandler } from "express"
import { page } from "../controllers/presenters/page.ts"

const PAGE = page(
  "There is nothing here",
  '<p>The address may be mistyped. <a href="/app">Go to the chat</a></p>',
)

/** Answers a browser that opens a page of the web client that there isn't with words; all else is left to what follows. */
export function lostPage(): RequestHandler {
  return function lostPage(req, res, next) {
    const isRead = req.method === "GET" || req.method === "HEAD"
    res.vary("Accept")
    if (!isRead || req.accepts(["json", "html"]) !== "html") return next()
    res.status(404).setHeader("Cache-Control", "no-store")
    res.type("html").send(PAGE)
  }
}

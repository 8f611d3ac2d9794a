import type { RequestHandler } from "express"
import { InvalidRequest } from "../utils/errors.ts"

/** A name or address with or without a port (RFC 9112 section 3.2). Node joins repeated headers by commas. */
const HOST = /^(?:[\w.-]*|\[[\da-f:.]+\])(?::\d{1,5})?$/i

/** Rejects two Host headers and those that name no host: a proxy in front may have taken another one. */
export function checkHost(): RequestHandler {
  return function checkHost(req, _res, next) {
    if (!HOST.test(req.headers.host ?? ""))
      throw new InvalidRequest([{ path: "headers.Host", message: "Send one Host header with a host." }])
    next()
  }
}

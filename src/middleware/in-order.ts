import type { RequestHandler } from "express"

/** Makes one handler of several, for all requests: the router takes as long to reach one as most of them take. */
export function inOrder(handlers: readonly RequestHandler[]): RequestHandler {
  return function inOrder(req, res, next) {
    const run = (n: number): unknown => {
      const handler = handlers[n]
      return handler ? handler(req, res, (error?: unknown) => (error ? next(error) : run(n + 1))) : next()
    }
    run(0)
  }
}

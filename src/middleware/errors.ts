import type { ErrorRequestHandler, RequestHandler } from "express"
import { ConnectionError } from "sequelize"
import type { Logger } from "../config/logger.ts"
import { RedisUnavailable } from "../config/redis.ts"
import { AppError, NotFound, Unauthenticated, Unavailable } from "../utils/errors.ts"

export function unknownPath(): RequestHandler {
  return function unknownPath() {
    throw new NotFound("path")
  }
}

/** Writes every failure as RFC 9457 problem details; what it doesn't know it hides, and logs once. */
export function problems(log: Logger): ErrorRequestHandler {
  return function problems(error, req, res, _next) {
    const known = toAppError(error)
    if (known.status >= 500) log.error({ err: error, requestId: req.requestId }, "request raised an error")
    // Half a reply can't be turned into an error: the client must see that it broke off.
    if (res.headersSent) return void res.destroy()
    // The rest of a body that nobody reads would be taken for the next request.
    if (!req.complete) res.setHeader("Connection", "close")
    for (const [name, value] of Object.entries(known.headers)) res.setHeader(name, value)
    res.statusCode = known.status
    res.setHeader("Content-Type", "application/problem+json; charset=utf-8")
    res.setHeader("Cache-Control", "no-store")
    res.end(JSON.stringify(toProblem(known, req.requestId)))
  }
}

function toProblem(error: AppError, requestId: string) {
  return {
    type: `urn:problem:${error.code}`,
    title: error.code.replaceAll("_", " "),
    status: error.status,
    detail: error.message,
    code: error.code,
    requestId,
    ...error.extra,
    ...(error.errors ? { errors: error.errors } : {}),
  }
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (isStoreDown(error)) return new Unavailable(error)
  if (isUserGone(error)) return new Unauthenticated()
  const status = (error as { status?: unknown }).status
  if (typeof status === "number" && status >= 400 && status < 500) {
    return new AppError("invalid_request", "The request can't be understood.", { status })
  }
  return new AppError("internal", "Something went wrong on our side. The request id helps us to find it.")
}

/** The user was deleted by another process, and this one has not heard of it yet: `foreign_key_violation`. */
function isUserGone(error: unknown): boolean {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown }
  return code === "23503" && typeof constraint === "string" && constraint.endsWith("_user_id_fkey")
}

/**
 * PostgreSQL's SQLSTATE classes that say "not now": 08 connection, 53 resources, 57 operator intervention; and 25006,
 * a standby's answer to a write, during a failover (https://www.postgresql.org/docs/current/errcodes-appendix.html), and Node's network errors.
 */
const NOT_NOW = /^(?:08|25006|53|57)|^E(?:CONN|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN|NOTFOUND)/

function isStoreDown(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof RedisUnavailable) return true
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; depth++) {
    const { code, parent } = cause as { code?: unknown; parent?: unknown }
    if (typeof code === "string" && NOT_NOW.test(code)) return true
    // pg-pool and pg give these two no code.
    if (/^timeout exceeded when trying to connect$|^Connection terminated/.test(cause.message)) return true
    cause = cause.cause ?? parent
  }
  return false
}

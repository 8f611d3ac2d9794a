import type { ErrorRequestHandler, RequestHandler } from "express"
import type { Logger } from "../config/logger.ts"
import { RedisUnavailable } from "../config/redis.ts"
import { AppError, NotFound, Unauthenticated, Unavailable } from "../utils/errors.ts"

export function unknownPath(): RequestHandler {
  return function unknownPath() {
    throw new NotFound("path")
  }
}

/** Writes every error as RFC 9457 problem details. Unknown errors are logged once and hidden from the client. */
export function problems(log: Logger): ErrorRequestHandler {
  return function problems(error, req, res, _next) {
    const known = toAppError(error)
    if (known.status >= 500) log.error({ err: error, requestId: req.requestId }, "request raised an error")
    // A response that has begun can't become an error; cutting it off shows the client that it is incomplete.
    if (res.headersSent) return void res.destroy()
    // The unread rest of a body would be parsed as the next request.
    if (!req.complete) res.setHeader("Connection", "close")
    // Of a file whose first byte couldn't be read.
    for (const name of ["Content-Length", "Content-Disposition"]) res.removeHeader(name)
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
    return new AppError("invalid_request", "The request couldn't be parsed.", { status })
  }
  return new AppError(
    "internal",
    "Something went wrong on our side. Try again; if the error persists, report it with the request id.",
  )
}

/** `foreign_key_violation`: another process deleted the user, and this one hasn't received the revocation yet. */
function isUserGone(error: unknown): boolean {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown }
  return code === "23503" && typeof constraint === "string" && constraint.endsWith("_user_id_fkey")
}

/**
 * Transient SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html): the classes 08 connection, 53
 * resources and 57 operator intervention, and 25006, which a standby returns to a write during a failover. Also Node's
 * network errors.
 */
const TRANSIENT = /^(?:08|25006|53|57)|^E(?:CONN|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN|NOTFOUND)/

function isStoreDown(error: unknown): boolean {
  if (error instanceof RedisUnavailable) return true
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; depth++) {
    const { code, parent } = cause as { code?: unknown; parent?: unknown }
    if (typeof code === "string" && TRANSIENT.test(code)) return true
    cause = cause.cause ?? parent
  }
  return false
}

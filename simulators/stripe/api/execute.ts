import type { Exchange } from "../../shared/server.ts"
import type { Reply } from "../idempotency.ts"
import { API_VERSION } from "../model/events.ts"
import { newId } from "../model/ids.ts"
import { invalid, Refused } from "../model/refusals.ts"
import { runDue } from "../model/run-due.ts"
import type { State } from "../state.ts"
import { expanded } from "./expand.ts"
import { type Form, readForm } from "./form.ts"
import type { Route } from "./route.ts"
import { findRoute } from "./routes.ts"

/** What the headers of an answer say of its request; `key` is null without an `Idempotency-Key`. */
type Meta = { requestId: string; version: string; key: string | null }

/** A call that was checked as far as possible before it is executed. */
export type Prepared = { route: Route; id: string; form: Form; meta: Meta }

/** Finds out what a request asks for. Refuses a wrong key, an unknown path and what can't be read. */
export function prepare({ req, method, path, url }: Exchange, body: string, requestId: string): Prepared {
  const { authorization = "", "stripe-version": version, "idempotency-key": key } = req.headers
  requireKey(authorization)
  const found = findRoute(method, path)
  if (!found) throw unknownUrl(method, path)
  const meta = {
    requestId,
    version: versionOf(version?.toString() || API_VERSION),
    key: method === "POST" ? (key?.toString() ?? null) : null,
  }
  const form = { ...readForm(url?.search.slice(1) ?? ""), ...readForm(body) }
  if (meta.key !== null && meta.key.length > 255) {
    throw invalid("The idempotency key is longer than 255 characters.")
  }
  return { ...found, form, meta }
}

/** Executes a call and answers it, also when it is refused. */
export function execute({ account }: State, { route, id, form, meta }: Prepared): Reply {
  runDue(account)
  account.request = { id: meta.requestId, idempotency_key: meta.key }
  try {
    const { expand, ...params } = form
    const answer = route.run(account, decoded(id), params)
    return reply(200, expanded(account, answer, pathsOf(expand)), meta)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return refusal(error, meta)
  } finally {
    account.request = null
  }
}

/** An error in Stripe's shape. */
export function refusal(
  { status, body }: Refused,
  { requestId, version = API_VERSION, key = null }: Partial<Meta> & { requestId: string },
): Reply {
  // As recorded, what was refused for its key isn't in the log.
  const log = status === 401 ? {} : { request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}` }
  return reply(status, { error: { ...body, ...log } }, { requestId, version, key })
}

export function newRequestId(): string {
  return newId("req", 14)
}

function reply(status: number, body: unknown, { requestId, version, key }: Meta): Reply {
  const headers = {
    "content-type": "application/json",
    "request-id": requestId,
    "stripe-version": version,
    ...(key !== null && { "idempotency-key": key, "original-request": requestId }),
  }
  return { status, headers, body: `${JSON.stringify(body, null, 2)}\n` }
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    throw invalid("The URL isn't well formed.")
  }
}

function pathsOf(expand: Form[string] | undefined): string[] {
  if (expand === undefined) return []
  const paths = [expand].flat()
  if (paths.every((path) => typeof path === "string")) return paths
  throw invalid("Invalid array", "expand")
}

function versionOf(version: string): string {
  if (/^\d{4}-\d{2}-\d{2}(\.[a-z_]+)?$/.test(version)) return version
  throw invalid(`Invalid Stripe API version: ${version}`)
}

function unknownUrl(method: string, path: string): Refused {
  return new Refused(404, {
    type: "invalid_request_error",
    message: `Unrecognized request URL (${method}: ${path}). If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) identifier in your code. Please see https://stripe.com/docs.`,
  })
}

/** Refuses keys that don't begin with `sk_test_` or `rk_test_`, as Stripe does. */
function requireKey(authorization: string) {
  const key = keyOf(authorization)
  if (key === "") throw unauthorized(MISSING)
  if (!/^(sk|rk)_test_./.test(key)) throw unauthorized(`Invalid API Key provided: ${redacted(key)}`)
}

const MISSING =
  "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."

function keyOf(authorization: string): string {
  const [scheme = "", value = ""] = authorization.split(" ")
  if (/^bearer$/i.test(scheme)) return value
  if (!/^basic$/i.test(scheme)) return ""
  return Buffer.from(value, "base64").toString().split(":")[0] ?? ""
}

function redacted(key: string): string {
  return key.length <= 12
    ? "*".repeat(key.length)
    : `${key.slice(0, 8)}${"*".repeat(key.length - 12)}${key.slice(-4)}`
}

function unauthorized(message: string): Refused {
  return new Refused(401, { message, type: "invalid_request_error" })
}

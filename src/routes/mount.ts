import { Readable } from "node:stream"
import type { Express, Request, RequestHandler, Response } from "express"
import type { EndpointInput, HttpResponse, Principal, Upload } from "../controllers/http.ts"
import { authenticate, authenticateMetrics } from "../middleware/authenticate.ts"
import { authenticateAdmin } from "../middleware/authenticate-admin.ts"
import { readJsonBody } from "../middleware/json-body.ts"
import { limit } from "../middleware/limit.ts"
import { readRawBody } from "../middleware/raw-body.ts"
import { openUpload } from "../middleware/upload.ts"
import { validate } from "../middleware/validate.ts"
import type { Admin } from "../services/admin/admin.ts"
import { audited } from "../services/admin/audit.ts"
import type { AuthenticatedAdmin } from "../services/auth/authenticate-admin.ts"
import type { Context } from "../services/context.ts"
import { limitAddress } from "../utils/address.ts"
import { MethodNotAllowed } from "../utils/errors.ts"
import { type Endpoint, isOptional } from "./endpoint.ts"
import { sendResponse } from "./send-response.ts"

/** Makes every row a route; other methods of its path return 405. */
export function mount(app: Express, ctx: Context, rows: readonly Endpoint[]): void {
  for (const row of rows) app[row.method](row.path, toHandler(ctx, row))
  // Literal paths first: `/chatroom/import` is no `/chatroom/:id`.
  const paths = [...new Set(rows.map((row) => row.path))].toSorted(
    (a, b) => +a.includes(":") - +b.includes(":"),
  )
  for (const path of paths) {
    const methods = rows.filter((row) => row.path === path).map((row) => row.method.toUpperCase())
    app.all(path, () => {
      throw new MethodNotAllowed(methods)
    })
  }
}

/** Guards run in this order: authenticate, limit, validate. The body of an unauthenticated request is never read. */
function toHandler(ctx: Context, row: Endpoint): RequestHandler {
  return async function handle(req, res) {
    const user = row.auth === "user" ? await authenticate(ctx, req) : undefined
    const operator = row.auth === "admin" ? await authenticateAdmin(ctx, req) : undefined
    if (row.auth === "metrics") authenticateMetrics(ctx, req)
    if (row.limit) await limit(ctx, res, row.limit, user?.userId ?? limitAddress(req.ip))
    const params = row.params && validate(row.params, req.params, "params")
    const query = row.query && validate(row.query, req.query, "query")
    if (row.body) await readJsonBody(req, res, { isOptional: isOptional(row.body) })
    const body = row.body && validate(row.body, req.body, "body")
    const upload = row.upload ? await openUpload(ctx.config, req, row.upload) : NO_UPLOAD
    const raw = row.raw ? await readRawBody(req, row.raw.maxBytes) : NO_BYTES
    const run = async (admin: Admin) => {
      return row.run(
        ctx,
        new Checked(ctx, req, res, { user: user as Principal, admin, params, query, body, raw, upload }),
      )
    }
    const reply = operator ? await runAsAdmin(ctx, req, row, operator, run) : await run(NO_ADMIN)
    await sendResponse(ctx, req, res, reply, user)
  }
}

const NO_ADMIN: Admin = { actor: "", setTarget: () => undefined }

function runAsAdmin(
  ctx: Context,
  req: Request,
  { audit }: Endpoint,
  { actor }: AuthenticatedAdmin,
  run: (admin: Admin) => Promise<HttpResponse>,
): Promise<HttpResponse> {
  if (audit === undefined) return run({ actor, setTarget: () => undefined })
  const { id } = req.params
  const targetId = typeof id === "string" ? id : null
  const { requestId } = req
  return audited(ctx, { actor, action: audit, targetId, requestId, address: limitAddress(req.ip) }, run)
}

type Input = EndpointInput<{ params: unknown; query: unknown; body: unknown }>
type Parts = Pick<Input, "user" | "admin" | "params" | "query" | "body" | "raw" | "upload">

const NO_BYTES = Buffer.alloc(0)
const NO_UPLOAD: Upload = { name: null, chunks: Readable.from([]) }

/** Address and signal are created on demand: few controllers need them, and they cost more than a cached reply. */
class Checked implements Input {
  readonly user: Principal
  readonly admin: Admin
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly raw: Buffer
  readonly upload: Upload
  readonly requestId: string
  readonly isHead: boolean
  readonly header: (name: string) => string | undefined
  readonly #ctx: Context
  readonly #req: Request
  readonly #res: Response
  #signal: AbortSignal | undefined

  constructor(ctx: Context, req: Request, res: Response, parts: Parts) {
    this.user = parts.user
    this.admin = parts.admin
    this.params = parts.params
    this.query = parts.query
    this.body = parts.body
    this.raw = parts.raw
    this.upload = parts.upload
    this.requestId = req.requestId
    this.isHead = req.method === "HEAD"
    this.header = (name) => req.get(name)
    this.#ctx = ctx
    this.#req = req
    this.#res = res
  }

  get address(): string {
    return limitAddress(this.#req.ip)
  }

  get signal(): AbortSignal {
    this.#signal ??= whenClosed(this.#res, this.#ctx.stopping)
    return this.#signal
  }
}

/** Made once: without a reason, each abort makes an error of its own, with a stack. */
const CLOSED = new DOMException("The connection is closed.", "AbortError")

/** Not AbortSignal.any, which would keep its result as long as the process-wide signal, longer than the stream. */
function whenClosed(res: Response, stopping: AbortSignal): AbortSignal {
  const closed = new AbortController()
  const abort = () => {
    stopping.removeEventListener("abort", abort)
    closed.abort(CLOSED)
  }
  stopping.addEventListener("abort", abort)
  res.once("close", abort)
  if (res.closed || stopping.aborted) abort()
  return closed.signal
}

import { createHash } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { escape as encode } from "node:querystring"
import { type Exchange, startServer } from "../shared/server.ts"
import { type Credentials, refusalOf } from "./signature.ts"

export interface S3Object {
  bytes: Buffer
  changedAt: Date
}

/** What the next requests of a method meet: an error, no response, a body that is cut, or work without a response. */
export interface S3Failure {
  method: "GET" | "PUT" | "DELETE"
  as: { status: number; code: string } | "hang" | "cut" | "lost-response"
  times?: number
}

export interface S3SimulatorOptions extends Credentials {
  bucket: string
  port?: number
}

/** A running stand-in for a bucket of an S3-compatible store, by path, for objects of some megabytes. */
export type S3Simulator = Awaited<ReturnType<typeof startS3Simulator>>

interface State extends S3SimulatorOptions {
  objects: Map<string, S3Object>
  failures: Required<S3Failure>[]
  refused: string[]
}

/** Starts the simulator on loopback, on a free port unless one is given. */
export async function startS3Simulator(options: S3SimulatorOptions) {
  const state: State = { ...options, objects: new Map(), failures: [], refused: [] }
  const { url, close } = await startServer({
    port: options.port,
    name: "S3",
    serve: (exchange) => serve(state, exchange),
  })
  const { accessKeyId, secretAccessKey, bucket, region } = options
  const keys = `${encode(accessKeyId)}:${encode(secretAccessKey)}`
  return {
    url,
    close,
    /** For `ATTACHMENTS_URL`, up to the bucket; a prefix may follow. */
    attachmentsUrl: (prefix = "") =>
      `s3+http://${keys}@${new URL(url).host}/${bucket}${prefix}?region=${region}`,
    objects: state.objects,
    /** The codes of all errors that requests got, but for those that a test has asked for. */
    refused: state.refused,
    /** The next requests fail, the first that was asked for first. */
    fail: (...failures: S3Failure[]) =>
      void state.failures.push(...failures.map((failure) => ({ times: 1, ...failure }))),
  }
}

const STATUSES: Record<string, number> = {
  AuthorizationHeaderMalformed: 400,
  XAmzContentSHA256Mismatch: 400,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
}

async function serve(state: State, exchange: Exchange): Promise<void> {
  const { req, res, method } = exchange
  const failure = takeFailure(state, method)
  if (failure === "hang") return
  if (failure === "cut") return cut(res, method)
  if (failure !== null && failure !== "lost-response") return refuse(res, failure.status, failure.code)
  const code = refusalOf(req, state) ?? (await run(state, exchange, { loseResponse: failure !== null }))
  if (code === null) return
  state.refused.push(code)
  refuse(res, STATUSES[code] ?? 403, code)
}

function refuse(res: ServerResponse, status: number, code: string): void {
  res.writeHead(status, { "Content-Type": "application/xml" })
  res.end(`${XML}<Error><Code>${code}</Code><Message>No.</Message><RequestId>0</RequestId></Error>`)
}

const XML = '<?xml version="1.0" encoding="UTF-8"?>\n'

function takeFailure({ failures }: State, method: string): S3Failure["as"] | null {
  const next = failures.find((failure) => failure.method === method && failure.times > 0)
  if (!next) return null
  next.times--
  return next.as
}

/** Half a body, and nothing more; no response at all where there would be no body. */
function cut(res: ServerResponse, method: string): void {
  if (method !== "GET") return void res.destroy()
  res.writeHead(200, { "Content-Length": "1000" })
  res.write("half", () => res.destroy())
}

/** @returns the code of an error */
async function run(
  state: State,
  { req, res, method, path, url }: Exchange,
  { loseResponse }: { loseResponse: boolean },
): Promise<string | null> {
  const [, bucket, ...rest] = path.split("/")
  const key = rest.join("/")
  if (bucket !== state.bucket) return "NoSuchBucket"
  if (method === "GET" && key === "") return list(state, res, url?.searchParams ?? new URLSearchParams())
  if (method === "GET") return get(state, res, key)
  if (method !== "PUT" && method !== "DELETE") return "MethodNotAllowed"
  const refusal = method === "PUT" ? await put(state, req, key) : null
  if (refusal) return refusal
  if (method === "DELETE") state.objects.delete(key)
  if (loseResponse) res.destroy()
  else res.writeHead(method === "PUT" ? 200 : 204).end()
  return null
}

function get({ objects }: State, res: ServerResponse, key: string): string | null {
  const object = objects.get(key)
  if (!object) return "NoSuchKey"
  res.writeHead(200, { "Content-Length": object.bytes.length }).end(object.bytes)
  return null
}

/** Stores a body that came whole and is what was signed. */
async function put({ objects }: State, req: IncomingMessage, key: string): Promise<string | null> {
  if (req.headers["content-length"] === undefined) return "MissingContentLength"
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const signed = req.headers["x-amz-content-sha256"]
  if (signed !== "UNSIGNED-PAYLOAD" && signed !== createHash("sha256").update(bytes).digest("hex"))
    return "XAmzContentSHA256Mismatch"
  objects.set(key, { bytes, changedAt: new Date() })
  return null
}

/** `ListObjectsV2` (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html), by key. */
function list({ objects, bucket }: State, res: ServerResponse, query: URLSearchParams): string | null {
  const prefix = query.get("prefix") ?? ""
  const most = Math.min(Number(query.get("max-keys") ?? 1_000), 1_000)
  const after = query.get("start-after") ?? ""
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort()
  const contents = keys.slice(0, most).map((key) => {
    const { bytes, changedAt } = objects.get(key) as S3Object
    return `<Contents><Key>${key}</Key><LastModified>${changedAt.toISOString()}</LastModified><Size>${bytes.length}</Size></Contents>`
  })
  res.writeHead(200, { "Content-Type": "application/xml" })
  res.end(
    `${XML}<ListBucketResult><Name>${bucket}</Name><IsTruncated>${keys.length > most}</IsTruncated>${contents.join("")}</ListBucketResult>`,
  )
  return null
}

import { createHash, randomBytes } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Exchange } from "../shared/server.ts"
import { type ApiFailure, invalid, invalidKey, missingKey, Refused } from "./errors.ts"
import { checkContent, type Medium } from "./media.ts"
import { perform } from "./perform.ts"
import { planFailure, planJson } from "./plan.ts"
import type { State } from "./state.ts"

/** Google keeps a file for two days. */
const LIFE_MS = 48 * 3_600_000

/** Per file (https://ai.google.dev/gemini-api/docs/files). */
const MAX_BYTES = 2 * 1024 ** 3

type StoredFile = Medium & {
  name: string
  uri: string
  createdAt: number
  expiresAt: number
  /** When it has been processed. */
  activeAt: number
  failed: boolean
}

/** What the next uploads meet. `processingMs`: how long each is PROCESSING; `becomes`: what it is then. */
export type FileBehaviour = { processingMs?: number; becomes?: "ACTIVE" | "FAILED"; failure?: ApiFailure }

type Upload = { mimeType: string; bytes: number }

/** The Files API: what was uploaded, until it expires or is deleted. Contents are hashed and dropped. */
export class Files {
  readonly #files = new Map<string, StoredFile>()
  readonly #uploads = new Map<string, Upload>()
  behaviour: FileBehaviour = {}

  get all(): StoredFile[] {
    return [...this.#files.values()]
  }

  clear() {
    this.#files.clear()
    this.#uploads.clear()
    this.behaviour = {}
  }

  /** Lets every file expire, as two days do. */
  expireAll() {
    for (const file of this.#files.values()) file.expiresAt = 0
  }

  begin(upload: Upload): string {
    const id = randomBytes(16).toString("base64url")
    this.#uploads.set(id, upload)
    return id
  }

  takeUpload(id: string): Upload {
    const upload = this.#uploads.get(id)
    if (!upload) throw notFound("The upload")
    this.#uploads.delete(id)
    return upload
  }

  add(medium: Medium, baseUrl: string): StoredFile {
    const name = `files/${randomBytes(8).toString("hex").slice(0, 12)}`
    const now = Date.now()
    const file = {
      ...medium,
      name,
      uri: `${baseUrl}/v1beta/${name}`,
      createdAt: now,
      expiresAt: now + LIFE_MS,
      activeAt: now + (this.behaviour.processingMs ?? 0),
      failed: this.behaviour.becomes === "FAILED",
    }
    this.#files.set(name, file)
    return file
  }

  find(name: string): StoredFile {
    const file = this.#files.get(name)
    if (!file || file.expiresAt < Date.now()) throw forbidden(name)
    return file
  }

  remove(name: string) {
    this.find(name)
    this.#files.delete(name)
  }

  /** A file that a request names. Throws `Refused` as the API does. */
  use({ fileUri, mimeType }: { fileUri: string; mimeType?: string }): Medium {
    const name = /\/(files\/[\w-]+)$/.exec(fileUri)?.[1]
    if (!name) throw invalid(`Invalid or unsupported file uri: ${fileUri}`)
    const file = this.find(name)
    if (stateOf(file) !== "ACTIVE")
      throw new Refused({
        code: 400,
        status: "FAILED_PRECONDITION",
        message: `The File ${name} is not in an ACTIVE state and usage is not allowed.`,
      })
    if (mimeType !== undefined && mimeType !== file.mimeType)
      throw invalid(`The File ${name} has the MIME type ${file.mimeType}, not ${mimeType}.`)
    return file
  }
}

function stateOf({ activeAt, failed }: StoredFile) {
  if (Date.now() < activeAt) return "PROCESSING"
  return failed ? "FAILED" : "ACTIVE"
}

/** The API doesn't tell a file of somebody else's from one that isn't there. */
function forbidden(name: string): Refused {
  return new Refused({
    code: 403,
    status: "PERMISSION_DENIED",
    message: `You do not have permission to access the File ${name.slice("files/".length)} or it may not exist.`,
  })
}

function notFound(what: string): Refused {
  return new Refused({ code: 404, status: "NOT_FOUND", message: `${what} was not found.` })
}

const PATH = /^\/(?:(upload)\/)?(?:v1|v1beta)\/(files(?:\/[\w-]+)?)$/

/** Serves the Files API. @returns false for a path that isn't its */
export async function serveFiles(state: State, exchange: Exchange): Promise<boolean> {
  const match = PATH.exec(exchange.path)
  if (!match) return false
  const { res, closed } = exchange
  try {
    requireKey(exchange)
    const { failure } = state.files.behaviour
    if (failure) throw new Refused(failure)
    const answer = match[1] ? await upload(state, exchange) : manage(state, exchange, match[2] as string)
    await perform(planJson(answer), res, closed)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    // A client that gets its answer while still sending mostly reports a broken connection.
    exchange.req.resume()
    await perform(planFailure(error.failure), res, closed)
  }
  return true
}

function requireKey({ req, url }: Exchange) {
  const key = req.headers["x-goog-api-key"]?.toString() ?? url?.searchParams.get("key") ?? ""
  if (key === "") throw new Refused(missingKey)
  if (key === "invalid" || key.endsWith("-invalid")) throw new Refused(invalidKey)
}

function manage({ files }: State, { method }: Exchange, path: string) {
  if (path === "files") {
    if (method === "GET") return { files: files.all.map(present) }
  } else if (method === "GET") return present(files.find(path))
  else if (method === "DELETE") {
    files.remove(path)
    return {}
  }
  throw notFound("The method")
}

function present(file: StoredFile) {
  const state = stateOf(file)
  return {
    name: file.name,
    mimeType: file.mimeType,
    sizeBytes: String(file.bytes),
    createTime: new Date(file.createdAt).toISOString(),
    updateTime: new Date(file.createdAt).toISOString(),
    expirationTime: new Date(file.expiresAt).toISOString(),
    sha256Hash: Buffer.from(file.sha256).toString("base64"),
    uri: file.uri,
    state,
    source: "UPLOADED",
    ...(state === "FAILED" && { error: { code: 3, message: "The file could not be processed." } }),
  }
}

/** The resumable protocol: `start` gives an address, where `upload, finalize` ends it. */
async function upload(state: State, { req, res, url }: Exchange) {
  const commands = header(req, "x-goog-upload-command").split(/,\s*/)
  const base = `http://${req.headers.host}`
  if (commands.includes("start")) {
    const mimeType = header(req, "x-goog-upload-header-content-type")
    const bytes = Number(header(req, "x-goog-upload-header-content-length"))
    if (!Number.isInteger(bytes) || bytes < 1 || bytes > MAX_BYTES) throw invalid("The size is invalid.")
    for await (const _ of req);
    const id = state.files.begin({ mimeType, bytes })
    res.setHeader(
      "x-goog-upload-url",
      `${base}/upload/v1beta/files?upload_id=${id}&upload_protocol=resumable`,
    )
    res.setHeader("x-goog-upload-status", "active")
    return {}
  }
  if (!commands.includes("finalize")) throw invalid("The upload command is unknown.")
  const begun = state.files.takeUpload(url?.searchParams.get("upload_id") ?? "")
  if (header(req, "x-goog-upload-offset") !== "0") throw invalid("The offset is invalid.")
  const { bytes, sha256, head } = await digest(req)
  if (bytes !== begun.bytes) throw invalid(`The upload has ${bytes} bytes; ${begun.bytes} were announced.`)
  checkContent(begun.mimeType, head)
  res.setHeader("x-goog-upload-status", "final")
  return { file: present(state.files.add({ mimeType: begun.mimeType, bytes, sha256 }, base)) }
}

const header = (req: IncomingMessage, name: string) => req.headers[name]?.toString() ?? ""

async function digest(req: IncomingMessage) {
  const hash = createHash("sha256")
  let head: Buffer = Buffer.alloc(0)
  let bytes = 0
  for await (const chunk of req) {
    hash.update(chunk)
    bytes += chunk.length
    if (head.length < 16) head = Buffer.concat([head, chunk.subarray(0, 16)])
  }
  return { bytes, sha256: hash.digest("hex"), head }
}

import { readdir } from "node:fs/promises"
import type { WebAsset } from "../schemas/web-client.ts"
import type { Context } from "../services/context.ts"
import { NotFound } from "../utils/errors.ts"
import { DIST, etagOf, getBuiltPage } from "./built-page.ts"
import { type HttpResponse, notModified, ok, type PublicInput } from "./http.ts"
import { WORKER_POLICY } from "./presenters/page.ts"
import { readSharedFile } from "./shared-file.ts"

/** Returns the web client's page. Its address says what it shows; the page reads it and uses the API. */
export function getWebPage(ctx: Context, { header }: PublicInput): Promise<HttpResponse> {
  return getBuiltPage(ctx, "index.html", header("if-none-match"))
}

/** Returns the same page, which opens the chatroom of its address. */
export function getWebRoomPage(ctx: Context, input: PublicInput) {
  return getWebPage(ctx, input)
}

/** Returns the same page, which opens the account. */
export function getWebAccountPage(ctx: Context, input: PublicInput) {
  return getWebPage(ctx, input)
}

/** Returns an asset of the build, compressed as the browser can read it. @throws {NotFound} for any other name */
export async function getWebAsset(
  _ctx: Context,
  { params: { file }, header }: PublicInput<{ params: WebAsset }>,
): Promise<HttpResponse> {
  const files: string[] = await readdir(`${DIST}assets`).catch(() => [])
  const type = TYPES[file.slice(file.lastIndexOf("."))]
  // The list decides, and not whether the path can be read.
  if (!type || !files.includes(file)) throw new NotFound()
  const encoding = ENCODINGS.find(
    ({ name, ending }) => accepts(header("accept-encoding"), name) && files.includes(file + ending),
  )
  const bytes = await readSharedFile(`${DIST}assets/${file}${encoding?.ending ?? ""}`)
  const headers = {
    "Cache-Control": "public, max-age=31536000, immutable",
    Vary: "Accept-Encoding",
    ...(encoding ? { "Content-Encoding": encoding.name } : {}),
  }
  return { status: 200, headers, bytes, type }
}

/** Returns the worker that keeps the page for offline. It is asked for at every visit. @throws {NotFound} without a build */
export async function getWebWorker(_ctx: Context, { header }: PublicInput): Promise<HttpResponse> {
  const bytes = await readSharedFile(`${DIST}sw.js`).catch(() => null)
  if (!bytes) throw new NotFound()
  const headers = {
    ETag: etagOf(bytes),
    "Cache-Control": "no-cache",
    "Content-Security-Policy": WORKER_POLICY,
    // Its folder is /app/, and the page is /app.
    "Service-Worker-Allowed": "/app",
  }
  if (header("if-none-match")?.includes(headers.ETag)) return notModified(headers)
  return { status: 200, headers, bytes, type: "text/javascript; charset=utf-8" }
}

/** Returns what a device needs to install the page, under the operator's name for it. @throws {NotFound} without a build */
export async function getWebManifest(ctx: Context): Promise<HttpResponse> {
  const bytes = await readSharedFile(`${DIST}manifest.webmanifest`).catch(() => null)
  if (!bytes) throw new NotFound()
  const { name } = ctx.config.app
  return ok(
    { ...JSON.parse(bytes.toString("utf8")), name, short_name: name },
    { "Cache-Control": "no-cache" },
  )
}

const ENCODINGS = [
  { name: "br", ending: ".br" },
  { name: "gzip", ending: ".gz" },
]

function accepts(header: string | undefined, encoding: string): boolean {
  return (header ?? "").split(",").some((one) => {
    const [name = "", ...parameters] = one.split(";").map((part) => part.trim().toLowerCase())
    return name === encoding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
  })
}

const TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
}

import { readdir } from "node:fs/promises"
import type { WebAsset } from "../schemas/web-client.ts"
import type { Context } from "../services/context.ts"
import { NotFound } from "../utils/errors.ts"
import { DIST, getBuiltPage } from "./built-page.ts"
import type { HttpResponse, PublicInput } from "./http.ts"
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
  ".svg": "image/svg+xml",
}

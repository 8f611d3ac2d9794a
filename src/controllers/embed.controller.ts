import { fileURLToPath } from "node:url"
import type { Context } from "../services/context.ts"
import { etagOf, getBuiltPage } from "./built-page.ts"
import { type HttpResponse, notModified, type PublicInput } from "./http.ts"
import { embedPolicy } from "./presenters/page.ts"
import { readSharedFile } from "./shared-file.ts"

const SCRIPT = fileURLToPath(new URL("../pages/embed/embed.js", import.meta.url))

/** Returns the script that pages of other sites load. It holds nothing that they mayn't have. */
export async function getEmbedScript(_ctx: Context, { header }: PublicInput): Promise<HttpResponse> {
  const bytes = await readSharedFile(SCRIPT)
  const headers = {
    ETag: etagOf(bytes),
    "Cache-Control": "public, max-age=3600",
    "Cross-Origin-Resource-Policy": "cross-origin",
  }
  if (header("if-none-match")?.includes(headers.ETag)) return notModified(headers)
  return { status: 200, headers, bytes, type: "text/javascript; charset=utf-8" }
}

/**
 * Returns the web client's page for a frame in a page of an allowed origin. `X-Frame-Options` knows no list, so only the
 * policy says who may.
 */
export function getEmbedPage(ctx: Context, { header }: PublicInput): Promise<HttpResponse> {
  return getBuiltPage(ctx, "index.html", header("if-none-match"), {
    "Content-Security-Policy": embedPolicy(ctx.config.http.corsOrigins),
    "X-Frame-Options": null,
    "Cross-Origin-Resource-Policy": "cross-origin",
  })
}

/** Returns the same page, which opens the chatroom of its address. */
export function getEmbedRoomPage(ctx: Context, input: PublicInput) {
  return getEmbedPage(ctx, input)
}

/** Returns the same page, which opens the account. */
export function getEmbedAccountPage(ctx: Context, input: PublicInput) {
  return getEmbedPage(ctx, input)
}

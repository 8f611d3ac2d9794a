import { createHash } from "node:crypto"
import { fileURLToPath } from "node:url"
import type { Context } from "../services/context.ts"
import { type HttpResponse, html, notModified } from "./http.ts"
import { presentAppPage } from "./presenters/app-page.ts"
import { APP_POLICY, page } from "./presenters/page.ts"
import { readSharedFile } from "./shared-file.ts"

/** Written by the build, `bin/web-build.mjs`. */
export const DIST = fileURLToPath(new URL("../../web/dist/", import.meta.url))

/** Reads a page of the build, with what the operator calls the service; null where there is no build. */
export async function readBuiltPage(
  ctx: Context,
  file: "index.html" | "admin.html" | "shared.html",
): Promise<string | null> {
  const bytes = await readSharedFile(DIST + file).catch(() => null)
  return bytes && presentAppPage(bytes.toString("utf8"), ctx.config.app)
}

/**
 * Returns a page of the build, or why there is none.
 * @param ifNoneMatch the request's `If-None-Match`
 * @param more headers beside its own, or instead of them
 */
export async function getBuiltPage(
  ctx: Context,
  file: "index.html" | "admin.html",
  ifNoneMatch: string | undefined,
  more: Record<string, string | null> = {},
): Promise<HttpResponse> {
  const text = await readBuiltPage(ctx, file)
  if (text === null) return notBuilt(file)
  const headers = {
    ETag: etagOf(text),
    // It names the newest assets, so it is asked for every time.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": APP_POLICY,
    ...more,
  }
  if (ifNoneMatch?.includes(headers.ETag)) return notModified(headers)
  return html(text, headers)
}

/** A tag that changes with the content. */
export function etagOf(content: string | Uint8Array): string {
  return `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`
}

/** With a tag, as every answer here has one; nobody has a copy of this one. */
function notBuilt(file: "index.html" | "admin.html"): HttpResponse {
  const { headers, ...rest } = html(NOT_BUILT[file])
  return { ...rest, headers: { ...headers, ETag: '"not-built"' }, status: 503 }
}

const WHAT_TO_DO =
  "The API works. Run <code>npm run web:build</code> where the service runs, and load this page again."

const NOT_BUILT = {
  "index.html": page("The web client isn't built", `<p>${WHAT_TO_DO}</p>`),
  "admin.html": page("The operators' page isn't built", `<p>${WHAT_TO_DO}</p>`),
}

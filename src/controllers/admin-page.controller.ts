import { readFile } from "node:fs/promises"
import type { AdminFile } from "../schemas/admin-system.ts"
import type { Context } from "../services/context.ts"
import type { HttpResponse, PublicInput } from "./http.ts"

/** The page holds nothing: what it shows it asks for, as whoever is signed in. */
export async function getAdminPage(): Promise<HttpResponse> {
  return page("index.html")
}

export async function getAdminSignInPage(): Promise<HttpResponse> {
  return page("sign-in.html")
}

export async function getAdminFile(
  _ctx: Context,
  { params: { file } }: PublicInput<{ params: AdminFile }>,
): Promise<HttpResponse> {
  const type = file.endsWith(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8"
  return { status: 200, text: await read(file), type, headers: { "Cache-Control": "no-cache" } }
}

/** Its own files and its own server, and nothing that stands in the page itself. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ")

async function page(file: string): Promise<HttpResponse> {
  const headers = { "Content-Security-Policy": POLICY }
  return { status: 200, text: await read(file), type: "text/html; charset=utf-8", headers }
}

const read = (file: string) => readFile(new URL(`../pages/admin/${file}`, import.meta.url), "utf8")

import { readFile } from "node:fs/promises"
import type { AdminFile } from "../schemas/admin-system.ts"
import type { Context } from "../services/context.ts"
import { html, type PublicInput } from "./http.ts"
import { PAGE_POLICY } from "./presenters/page.ts"

/** Returns the admin page. It contains no data and loads it through the API with the operator's session. */
export async function getAdminPage() {
  return page("index.html")
}

export async function getAdminSignInPage() {
  return page("sign-in.html")
}

export async function getAdminFile(_ctx: Context, { params: { file } }: PublicInput<{ params: AdminFile }>) {
  const type = file.endsWith(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8"
  return { status: 200, text: await read(file), type, headers: { "Cache-Control": "no-cache" } }
}

async function page(file: string) {
  return html(await read(file), { "Content-Security-Policy": PAGE_POLICY })
}

const read = (file: string) => readFile(new URL(`../pages/admin/${file}`, import.meta.url), "utf8")

import { fileURLToPath } from "node:url"
import type { DocsFile } from "../schemas/docs.ts"
import type { Context } from "../services/context.ts"
import { html, type PublicInput } from "./http.ts"
import { PAGE_POLICY } from "./presenters/page.ts"
import { readSharedFile } from "./shared-file.ts"

/** Serves the document that `describe` builds at the first request, which takes a few hundredths of a second. */
export function serveDocument(describe: () => object) {
  let bytes: Buffer | undefined
  return function getDocument() {
    bytes ??= Buffer.from(JSON.stringify(describe()))
    return { status: 200, bytes, type: "application/json; charset=utf-8" }
  }
}

/** Returns the interactive documentation. Everything that it loads comes from this server. */
export function getDocsPage() {
  return html(PAGE, { "Content-Security-Policy": PAGE_POLICY })
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gemini chat backend: API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
<div id="docs"></div>
<noscript>This page needs JavaScript. The document itself is at <a href="/openapi.json">/openapi.json</a>.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
`

/** Returns a file that the page loads: the start script or a file of the package `swagger-ui-dist`. */
export async function getDocsFile(_ctx: Context, { params: { file } }: PublicInput<{ params: DocsFile }>) {
  const headers = { "Cache-Control": "public, max-age=3600" }
  const type = TYPES[file.slice(file.lastIndexOf("."))] as string
  const path = file === "start.js" ? OWN_START : import.meta.resolve(`swagger-ui-dist/${file}`)
  return { status: 200, headers, bytes: await readSharedFile(fileURLToPath(path)), type }
}

const OWN_START = new URL("../pages/docs/start.js", import.meta.url)

const TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".png": "image/png",
}

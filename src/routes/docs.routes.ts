import packageJson from "../../package.json" with { type: "json" }
import { getDocsFile, getDocsPage, serveDocument } from "../controllers/docs.controller.ts"
import { DocsFile, OpenApiDocument } from "../schemas/docs.ts"
import { type Endpoint, get, media } from "./endpoint.ts"
import { describeApi } from "./openapi/document.ts"
import type { OpenApi } from "./openapi/types.ts"

/** Declares the documentation of `rows`, these endpoints included. */
export function docsRoutes(rows: () => readonly Endpoint[]): Endpoint[] {
  return [
    get("/openapi.json", {
      summary: "Get this document",
      description: "OpenAPI 3.1, generated from the declarations that route and validate requests.",
      auth: "none",
      reply: { 200: OpenApiDocument },
      run: serveDocument(() => describeService(rows())),
    }),
    get("/docs", {
      summary: "Browse this document",
      description: "Lets you try calls. Loads nothing from other hosts.",
      auth: "none",
      reply: { 200: media("text/html") },
      run: getDocsPage,
    }),
    get("/docs/:file", {
      summary: "Get an asset of the page",
      description: "Scripts and styles of `/docs`.",
      auth: "none",
      params: DocsFile,
      reply: { 200: media("text/css", "text/javascript", "image/png") },
      run: getDocsFile,
    }),
  ]
}

/** Describes the API under the package's version. */
export function describeService(rows: readonly Endpoint[]): OpenApi {
  return describeApi(rows, packageJson.version)
}

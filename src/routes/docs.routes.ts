import packageJson from "../../package.json" with { type: "json" }
import { getDocsFile, getDocsPage, serveDocument } from "../controllers/docs.controller.ts"
import { DocsFile, OpenApiDocument } from "../schemas/docs.ts"
import { type Endpoint, get, media } from "./endpoint.ts"
import { describeApi } from "./openapi/document.ts"
import type { OpenApi } from "./openapi/types.ts"

/** The documentation of `rows`, which these rows themselves are among. */
export function docsRoutes(rows: () => readonly Endpoint[]): Endpoint[] {
  return [
    get("/openapi.json", {
      summary: "Get this document",
      description: "OpenAPI 3.1, made of the declarations that also route and validate.",
      auth: "none",
      reply: { 200: OpenApiDocument },
      run: serveDocument(() => describeService(rows())),
    }),
    get("/docs", {
      summary: "Read this document as a page",
      description: "Calls can be tried on it. It loads nothing from elsewhere.",
      auth: "none",
      reply: { 200: media("text/html") },
      run: getDocsPage,
    }),
    get("/docs/:file", {
      summary: "Get a part of the page",
      description: "Scripts and styles of `/docs`.",
      auth: "none",
      params: DocsFile,
      reply: { 200: media("text/css", "text/javascript", "image/png") },
      run: getDocsFile,
    }),
  ]
}

/** The contract of the service's own version. */
export function describeService(rows: readonly Endpoint[]): OpenApi {
  return describeApi(rows, packageJson.version)
}

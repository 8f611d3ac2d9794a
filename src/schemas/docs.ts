import { z } from "zod"

export const DocsFile = z.strictObject({
  file: z.enum(["swagger-ui.css", "swagger-ui-bundle.js", "start.js", "favicon-32x32.png"]),
})
export type DocsFile = z.infer<typeof DocsFile>

/** The OpenAPI document, which also describes its own endpoint. */
export const OpenApiDocument = z.looseObject({
  openapi: z.string().meta({ examples: ["3.1.1"] }),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  paths: z.record(z.string(), z.unknown()).meta({ examples: [{}] }),
})

import type { OpenApi } from "../../src/routes/openapi/types.ts"
import { createClientTypes } from "./client-types.ts"
import { createCollection, createEnvironment } from "./postman/collection.ts"

export const DOCUMENT_FILE = "docs/openapi.json"
export const COLLECTION_FILE = "docs/postman/gemini-backend.postman_collection.json"
const CLIENT_TYPES_FILE = "packages/client/src/types.ts"
export const ENVIRONMENT_FILE = "docs/postman/local.postman_environment.json"

/** Every file that is generated from the document, by its path below the project's root. */
export function generateOutputs(document: OpenApi): Record<string, string> {
  const collection = createCollection(document)
  return {
    [DOCUMENT_FILE]: toJson(document),
    [COLLECTION_FILE]: toJson(collection),
    [ENVIRONMENT_FILE]: toJson(createEnvironment(collection)),
    [CLIENT_TYPES_FILE]: createClientTypes(document),
  }
}

const toJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

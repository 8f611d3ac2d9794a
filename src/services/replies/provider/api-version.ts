import type { ApiVersion } from "../../../config/env.ts"

/**
 * Returns the version of the API that has a model. Stable models are on both; `v1` changes least, and it is the SDK's
 * own choice. Aliases (`…-latest`), previews and experiments are on `v1beta` alone: `v1` responds with 404
 * (https://ai.google.dev/gemini-api/docs/api-versions).
 */
export function apiVersionOf(model: string): ApiVersion {
  return /-latest$|-preview(?:-|$)|-exp(?:erimental)?(?:-|$)/.test(model) ? "v1beta" : "v1"
}

import { GoogleGenAI } from "@google/genai"

/** https://ai.google.dev/api/all-methods */
const GOOGLE_BASE_URL = "https://generativelanguage.googleapis.com"

/**
 * Creates the SDK's client. Every option that the SDK would otherwise read from the environment is given, because
 * another Google tool's variables may be there (`GOOGLE_GENAI_USE_VERTEXAI`, `GOOGLE_GENAI_API_VERSION`,
 * `GOOGLE_GEMINI_BASE_URL`).
 * @param baseUrl null: Google's
 */
export function createClient({ apiKey, baseUrl }: { apiKey: string; baseUrl: string | null }): GoogleGenAI {
  return new GoogleGenAI({
    apiKey,
    vertexai: false,
    apiVersion: STABLE,
    httpOptions: { baseUrl: baseUrl ?? GOOGLE_BASE_URL },
  })
}

const STABLE = "v1"
const BETA = "v1beta"

/**
 * Returns the version of the API to call a model by: the stable one, except for models that are only sure to be in the
 * other, which are previews, experiments and the aliases of the newest version.
 * https://ai.google.dev/gemini-api/docs/api-versions
 */
export function apiVersionOf(model: string): typeof STABLE | typeof BETA {
  return /-(?:latest|preview|exp)(?:-|$)/.test(model) ? BETA : STABLE
}

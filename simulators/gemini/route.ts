import type { Form } from "./wire.ts"

const POSTED = ["generateContent", "streamGenerateContent", "countTokens"] as const

export const METHODS = [...POSTED, "getModel", "listModels"] as const
export type Method = (typeof METHODS)[number]

/** Where a request of the API goes. `model` is empty for the list of models. */
export type Route = { method: Method; version: string; model: string; form: Form; key: string }

const PATH = /^\/(v1|v1beta|v1alpha)\/models(?:\/([^/:]+)(?::([a-zA-Z]+))?)?$/

/** Reads method, version, model, framing and key of a request, or null when the API has no such path. */
export function routeOf(verb: string, url: URL, headerKey?: string): Route | null {
  const match = PATH.exec(decode(url.pathname))
  if (!match) return null
  const [, version = "", model = "", action] = match
  const method = methodOf(verb, model, action)
  if (!method) return null
  return {
    method,
    version,
    model,
    form: formOf(method, url),
    key: headerKey ?? url.searchParams.get("key") ?? "",
  }
}

function methodOf(verb: string, model: string, action?: string): Method | null {
  if (verb === "POST") return POSTED.find((method) => method === action) ?? null
  if (verb !== "GET" || action) return null
  return model ? "getModel" : "listModels"
}

function formOf(method: Method, url: URL): Form {
  if (method !== "streamGenerateContent") return "unary"
  return url.searchParams.get("alt") === "sse" ? "sse" : "array"
}

function decode(pathname: string): string {
  try {
    return decodeURIComponent(pathname)
  } catch {
    return pathname
  }
}

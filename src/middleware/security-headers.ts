import cors from "cors"
import type { Request, RequestHandler, Response } from "express"
import helmet from "helmet"

/**
 * Sets Helmet's headers; nothing may be framed, sniffed or loaded from elsewhere. They are the same for every response,
 * so Helmet makes them once.
 */
export function securityHeaders(): RequestHandler {
  const headers = headersOf(helmetHeaders())
  return function securityHeaders(_req, res, next) {
    for (const [name, value] of headers) res.setHeader(name, value)
    next()
  }
}

function headersOf(middleware: RequestHandler): [name: string, value: string][] {
  const headers: [string, string][] = []
  const res = { setHeader: (name: string, value: string) => headers.push([name, value]), removeHeader() {} }
  middleware({} as Request, res as unknown as Response, (error) => {
    if (error) throw error
  })
  return headers
}

function helmetHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'unsafe-inline'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    crossOriginResourcePolicy: { policy: "same-site" },
    // These serve obsolete plug-ins and browsers; each header costs every response a microsecond.
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
    xDnsPrefetchControl: false,
    originAgentCluster: false,
  })
}

/** Response headers that scripts of other origins may read. */
const EXPOSED = [
  "Allow",
  "ETag",
  "Idempotency-Replayed",
  "Link",
  "Location",
  "Preference-Applied",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "X-Cache",
  "X-Search-Pending",
  "X-Request-Id",
]

/** Lets pages of the given origins call the API; without any, sends no CORS headers. */
export function crossOrigin(origins: readonly string[]): RequestHandler[] {
  return origins.length > 0 ? [cors({ origin: [...origins], exposedHeaders: EXPOSED, maxAge: 600 })] : []
}

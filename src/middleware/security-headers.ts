import cors from "cors"
import type { RequestHandler } from "express"
import helmet from "helmet"

/** Sets Helmet's headers; nothing may be framed, sniffed or loaded from elsewhere. */
export function securityHeaders(): RequestHandler {
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

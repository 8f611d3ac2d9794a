import cors from "cors"
import type { RequestHandler } from "express"
import helmet from "helmet"

/** Helmet's headers; nothing may be framed, sniffed or loaded from elsewhere. */
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
    // For plug-ins and browsers that are gone; each header costs every answer a microsecond.
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
    xDnsPrefetchControl: false,
    originAgentCluster: false,
  })
}

/** Headers a browser's script may read. */
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
  "X-Request-Id",
]

/** Lets pages of the named origins call the API; with none named there is nothing to say, and only its own may. */
export function crossOrigin(origins: readonly string[]): RequestHandler[] {
  return origins.length > 0 ? [cors({ origin: [...origins], exposedHeaders: EXPOSED, maxAge: 600 })] : []
}

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
  })
}

/** Headers a browser's script may read. */
const EXPOSED = [
  "ETag",
  "Link",
  "Location",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "X-Cache",
  "X-Request-Id",
]

/** Lets pages of the named origins call the API; with none named, only pages of its own origin. */
export function crossOrigin(origins: readonly string[]): RequestHandler {
  return cors({ origin: origins.length > 0 ? [...origins] : false, exposedHeaders: EXPOSED, maxAge: 600 })
}

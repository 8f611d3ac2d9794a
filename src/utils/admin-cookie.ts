/** The cookie of an operator's browser session, set by `POST /admin/session` for the paths below `/admin`. */
export const ADMIN_COOKIE = "admin_session"

const IN_HEADER = /(?:^|;)\s*admin_session=([^;\s]*)/

/** Reads the session from a `Cookie` header. */
export function readAdminCookie(header = ""): string | undefined {
  return IN_HEADER.exec(header)?.[1]
}

/** The user and session that an access token authenticates. */
export interface Principal {
  userId: string
  sessionId: string
  /** When the token expires: Unix time in seconds. */
  expiresAt: number
}

/** Describes the device that signs in, for the user's list of sessions. */
export interface Device {
  /** IP address, normalized as for rate limits. */
  address: string
  userAgent: string | undefined
}

/** An operator: `admin_token`, or the id of a user with the role admin. */
export type AdminPrincipal = string

/** The holder of `ADMIN_TOKEN`. */
export const TOKEN_HOLDER: AdminPrincipal = "admin_token"

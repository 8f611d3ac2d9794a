/** Who an access token speaks for, and until when. */
export interface Principal {
  userId: string
  sessionId: string
  /** Unix time in seconds. */
  expiresAt: number
}

/** What a device says of itself when it signs in; shown to the user in the list of sessions. */
export interface Device {
  /** Normalised, as limits count it. */
  address: string
  userAgent: string | undefined
}

/** An operator: `admin_token`, or the id of a user with the role admin. */
export type AdminPrincipal = string

/** Who has `ADMIN_TOKEN`. */
export const TOKEN_HOLDER: AdminPrincipal = "admin_token"

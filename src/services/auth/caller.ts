/** Who an access token speaks for, and until when. */
export interface Caller {
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

/** How a session was begun: a fresh code lets its owner set a password without the old one. */
export type OpenedBy = "otp" | "password"

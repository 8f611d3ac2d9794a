/** An operator: `admin_token`, or the id of a user with the role admin. */
export type Actor = string

/** Who has `ADMIN_TOKEN`. */
export const TOKEN_HOLDER: Actor = "admin_token"

/** What a successful response leaves in the environment for later requests: by endpoint, variable and expression. */
const KEPT: Record<string, Record<string, string>> = {
  "POST /auth/send-otp": { otp: "body.otp ?? ''" },
  "POST /auth/forgot-password": { otp: "body.otp ?? ''" },
  "POST /auth/verify-otp": { auth_token: "body.token", refresh_token: "body.refreshToken" },
  "POST /auth/login": { auth_token: "body.token", refresh_token: "body.refreshToken" },
  "POST /auth/refresh": { auth_token: "body.token", refresh_token: "body.refreshToken" },
  // Another one than this session's, which the next requests need.
  "GET /auth/sessions": { session_id: "(body.find(({ current }) => !current) ?? body[0]).id" },
  "POST /attachment": { attachment_id: "body.id" },
  "POST /chatroom": { chatroom_id: "body.id" },
  "POST /chatroom/import": { import_id: "body.id" },
  "POST /chatroom/{id}/message": { message_id: "body.reply.id" },
  "POST /chatroom/{id}/share": { shared_id: "body.url.split('/').pop()" },
  "POST /user/me/mobile-number": { otp: "body.otp ?? ''" },
  "POST /user/me/mobile-number/verify": { mobile_number: "body.mobileNumber" },
}

/** Bodies that aren't the document's example with the variables in it. */
export const BODIES: Record<string, object> = {
  "POST /chatroom/{id}/fork": { messageId: "{{message_id}}" },
  "POST /user/me/mobile-number": {
    mobileNumber: "{{new_mobile_number}}",
    currentPassword: "{{password}}",
  },
  "POST /user/me/mobile-number/verify": { mobileNumber: "{{new_mobile_number}}", otp: "{{otp}}" },
}

export const keepsOf = (endpoint: string): string[] =>
  Object.entries(KEPT[endpoint] ?? {}).map(([variable, value]) => keep(variable, value))

/** A line of a script that sets a variable of the environment. */
export const keep = (variable: string, value: string) => `pm.environment.set("${variable}", ${value})`

/** Those that aren't named here come first. */
export const SIGN_IN_ORDER = [
  "POST /auth/signup",
  "POST /auth/send-otp",
  "POST /auth/verify-otp",
  "GET /auth/sessions",
  "DELETE /auth/sessions/{id}",
  "POST /auth/forgot-password",
  "POST /auth/reset-password",
  "POST /auth/login",
  "POST /auth/change-password",
  "POST /auth/refresh",
]

import type { Logger } from "../../config/logger.ts"

/** Business events: one function each, so that what is logged of them is said in one place. */
export type Events = ReturnType<typeof createEvents>

export function createEvents(log: Logger) {
  return {
    signedUp: (fields: { userId: string }) => log.info({ event: "signed_up", ...fields }, "signed up"),
    signedIn: (fields: { userId: string; sessionId: string; by: string }) =>
      log.info({ event: "signed_in", ...fields }, "signed in"),
    sessionEnded: (fields: { userId: string; sessionIds: string[]; why: string }) =>
      log.info({ event: "session_ended", ...fields }, "session ended"),
    passwordChanged: (fields: { userId: string }) =>
      log.info({ event: "password_changed", ...fields }, "password changed"),
    userDeleted: (fields: { userId: string }) =>
      log.info({ event: "user_deleted", ...fields }, "user deleted"),
    messageSent: (fields: {
      userId: string
      chatroomId: string
      messageId: string
      replyId: string
      requestId: string
    }) => log.info({ event: "message_sent", ...fields }, "message sent"),
    replyStarted: (fields: { replyId: string; attempt: number; requestId: string | null }) =>
      log.info({ event: "reply_started", ...fields }, "reply started"),
    replyFinished: (fields: {
      replyId: string
      attempt: number
      requestId: string | null
      status: string
      code: string | null
      durationMs: number
      totalTokens: number | null
    }) => log.info({ event: "reply_finished", ...fields }, "reply finished"),
    attemptFailed: (fields: {
      replyId: string
      attempt: number
      requestId: string | null
      code: string
      err: unknown
    }) => log.warn({ event: "attempt_failed", ...fields }, "reply attempt failed"),
    replyTakenOver: (fields: { replyId: string; attempt: number }) =>
      log.warn({ event: "reply_taken_over", ...fields }, "reply taken over from a silent worker"),
  }
}

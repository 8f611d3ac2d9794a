import type { FailedReply } from "../../services/generation/failed-replies.ts"
import { failureMessage } from "../../services/generation/failures.ts"

/** A dead letter as an operator sees it. */
export function presentFailedReply(reply: FailedReply) {
  return {
    id: reply.id,
    chatroomId: reply.chatroomId,
    userId: reply.userId,
    error: { code: reply.errorCode, message: failureMessage(reply.errorCode) },
    model: reply.model,
    attempts: reply.attempt,
    failures: reply.failures,
    takeovers: reply.takeovers,
    requestId: reply.requestId,
    createdAt: reply.createdAt.toISOString(),
    completedAt: reply.completedAt.toISOString(),
  }
}

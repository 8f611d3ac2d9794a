import type { DeadLetter } from "../../services/replies/accept/dead-letters.ts"
import { failureMessage } from "../../services/replies/provider/failures.ts"

/** Presents a dead letter to operators. */
export function presentDeadLetter(reply: DeadLetter) {
  return {
    id: reply.id,
    chatroomId: reply.chatroomId,
    userId: reply.userId,
    error: { code: reply.errorCode, message: reply.errorMessage ?? failureMessage(reply.errorCode) },
    model: reply.model,
    attempts: reply.attempt,
    failures: reply.failures,
    takeovers: reply.takeovers,
    requestId: reply.requestId,
    createdAt: reply.createdAt.toISOString(),
    completedAt: reply.completedAt.toISOString(),
  }
}

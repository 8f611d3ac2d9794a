import type { MessageRecord } from "../../chat/message-record.ts"
import type { FailureCode } from "../provider/failures.ts"
import type { TurnWithFiles } from "./attachment-parts.ts"

/** A message of a branch, as far as a request needs it. */
export interface Turn
  extends Pick<MessageRecord, "role" | "content" | "status" | "errorCode">,
    TurnWithFiles {}

/**
 * Returns the turns of a branch that a model may be sent. Prompts that were blocked or refused are left out, because the
 * model would reject every request that has them. So are failed replies, and turns without text.
 */
export function sendableTurns<T extends Turn>(branch: readonly T[]): T[] {
  return branch.filter((turn, i) => isSendable(turn) && !isRejected(branch[i + 1]))
}

function isSendable({ content, status, errorCode }: Turn): boolean {
  return content !== "" && (status === "completed" || status === "cancelled" || errorCode === "truncated")
}

const REJECTED: readonly (FailureCode | null)[] = ["blocked", "provider_refused"]

/** Whether the turn is a reply that the prompt before it was denied. */
function isRejected(turn: Turn | undefined): boolean {
  return turn?.role === "model" && REJECTED.includes(turn.errorCode as FailureCode | null)
}

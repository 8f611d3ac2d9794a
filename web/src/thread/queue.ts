import type { Message } from "../api/client.ts"
import { loadPlan } from "../state/plan.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import type { Thread } from "./open-thread.ts"
import { isFinal } from "./shown.ts"

/** How many replies of the shown branch are unfinished before this one. */
export function placeInLine(thread: Thread, replyId: string): number {
  const ids = thread.branch.value
  return ids.slice(0, Math.max(0, ids.indexOf(replyId))).filter((id) => !isFinal(thread.message(id).value))
    .length
}

/** Stops what is being made, so that the prompt behind it is answered now. Says so if that fails. */
export async function answerNow(thread: Thread): Promise<void> {
  const running = thread.busyReplyId.peek()
  if (running !== null) await thread.stop(running).catch((error: unknown) => tell(wordsOf(error)))
}

/**
 * Takes a prompt out of the line, which gives its unit back, and away with its reply. Where others wait behind it both stay,
 * as stopped: what follows a message goes with it.
 */
export async function takeOut(thread: Thread, reply: Message): Promise<void> {
  try {
    await thread.stop(reply.id)
    const isLast = thread.branch.peek().at(-1) === reply.id
    if (isLast && reply.parentId !== null && thread.message(reply.id).peek().content === "")
      await thread.remove(reply.parentId)
    void loadPlan()
  } catch (error) {
    tell(wordsOf(error))
  }
}

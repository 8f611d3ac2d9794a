import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import type { Thread } from "./open-thread.ts"

/** Stops a reply, and says so if that fails. */
export function useShownStop(thread: Thread, replyId: string): () => void {
  return () => void thread.stop(replyId).catch((error: unknown) => tell(wordsOf(error)))
}

import { ApiError, client, type Message } from "../api/client.ts"
import { loadPlan } from "../state/plan.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import type { Thread } from "./open-thread.ts"
import { isFinal } from "./shown.ts"
import type { Arrange } from "./view.ts"

/** How many replies of the shown branch are unfinished before this one. */
export function placeInLine(thread: Thread, replyId: string): number {
  const ids = thread.branch.value
  return ids.slice(0, Math.max(0, ids.indexOf(replyId))).filter((id) => !isFinal(thread.message(id).value))
    .length
}

/** Whether a prompt's reply waits, so that the prompt itself can be changed instead of making a version beside it. */
export function isInLine(thread: Thread, promptId: string): boolean {
  const ids = thread.branch.value
  const replyId = ids[ids.indexOf(promptId) + 1]
  if (replyId === undefined) return false
  return thread.message(replyId).value.status === "queued" && placeInLine(thread, replyId) > 0
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

/**
 * Changes a prompt that waits. @returns whether it was in time: one that is being answered already can only have a version
 * @throws what else the service answers
 */
export async function changeInLine(thread: Thread, prompt: Message, text: string): Promise<boolean> {
  try {
    thread.put(await client.editPrompt({ chatroomId: thread.roomId, messageId: prompt.id, message: text }))
    return true
  } catch (error) {
    if (error instanceof ApiError && error.code === "already_started") return false
    throw error
  }
}

/** Sends a version of a prompt, which takes another prompt of the day, and goes to the end, where its reply will be. */
export async function sendVersion(thread: Thread, prompt: Message, text: string): Promise<void> {
  const showEnd: Arrange = ({ toEnd }) => {
    toEnd()
    return true
  }
  thread.arrange = showEnd
  const attachments = prompt.attachments.flatMap(({ id }) => (id === null ? [] : [id]))
  await thread.send({ text, attachments, parentId: prompt.parentId })
  if (!thread.isDetached.peek()) return
  thread.arrange = showEnd
  await thread.load()
}

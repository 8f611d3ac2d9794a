import { ApiError, client, type Message } from "../api/client.ts"
import type { Thread } from "./open-thread.ts"
import { placeInLine } from "./queue.ts"
import type { Arrange } from "./view.ts"

/** Whether a prompt's reply waits, so that the prompt itself can be changed instead of making a version beside it. */
export function isInLine(thread: Thread, promptId: string): boolean {
  const ids = thread.branch.value
  const replyId = ids[ids.indexOf(promptId) + 1]
  if (replyId === undefined) return false
  return thread.message(replyId).value.status === "queued" && placeInLine(thread, replyId) > 0
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
